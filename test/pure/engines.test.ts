import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { gracePeriodSeconds } from "../../components/service/drain.ts";
import { bytes, cores } from "../../config/quantities.ts";
import { imageReference } from "../../config/scalars.ts";
import { stageNames, stageOf } from "../../services/catalogue.ts";
import { workRoute, type Engine } from "../../services/engine.ts";
import { engineNames, engines } from "../../services/engines/index.ts";
import { limitsOf } from "../../services/limits.ts";
import { enginesFor, standing } from "../../services/standing.ts";
import { streamLimitsOf } from "../../services/stream-limits.ts";

const all: [string, Engine][] = Object.entries(engines);

describe.each(all)("%s", (name, engine) => {
  test("is coherent", () => {
    expect(engine.name).toBe(name);
    expect(workRoute(engine).purpose).toBe("work");
    const paths = engine.routes.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test("has an image that names its build by digest, or none", () => {
    if (engine.image === undefined) return;
    expect(imageReference.safeParse(engine.image).success).toBe(true);
    expect(engine.image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  test("can run without being root", () => {
    expect(engine.user?.uid).not.toBe(0);
    expect(engine.port).toBeGreaterThan(1023);
  });

  test("has limits of at least its requests, memory that it writes to included", () => {
    const { requests, limits } = engine.resources;
    const inMemory = engine.scratch.filter(({ medium }) => medium === "memory");
    const written = inMemory.reduce((sum, { sizeLimit }) => sum + bytes(sizeLimit), 0);
    expect(cores(limits.cpu)).toBeGreaterThanOrEqual(cores(requests.cpu));
    expect(bytes(limits.memory)).toBeGreaterThanOrEqual(bytes(requests.memory) + written);
  });

  test("writes below folders of its own, and never where its model lies", () => {
    const paths = engine.scratch.map(({ path }) => path);
    expect(paths).toContain("/tmp");
    expect(new Set(paths).size).toBe(paths.length);
    if (engine.model !== undefined) expect(paths).not.toContain(engine.model.path);
  });

  test("is told its port wherever an argument or a variable says one", () => {
    const byRest = engine.protocol === "http" && engine.args.includes("--rest_port");
    const port = engine.args.indexOf(byRest ? "--rest_port" : "--port");
    if (port >= 0) expect(engine.args[port + 1]).toBe(String(engine.port));
    const asked = engine.probes.port ?? engine.port;
    if (asked !== engine.port) expect(engine.args.join(" ")).toContain(`--rest_port ${asked} `);
    for (const [variable, value] of Object.entries(engine.env)) {
      if (variable.endsWith("PORT")) expect(value).toBe(String(engine.port));
    }
  });
});

test("every engine stands in a stage", () => {
  const standsSomewhere = stageNames.flatMap((name) => enginesFor(stageOf(name)));
  expect(engineNames.filter((name) => !standsSomewhere.includes(name))).toEqual([]);
});

test("the simulator stands for another engine where it is told to", () => {
  const { port, protocol, routes, name } = standing("pose", "simulator", "openvino-model-server-grpc").engine;
  expect({ name, port, protocol }).toEqual({ name: "simulator", port: 9000, protocol: "grpc" });
  const own = routes.filter(({ path }) => path.startsWith("/linly.v1.Stage/"));
  expect(own.map(({ idempotent, streams }) => ({ idempotent, streams }))).toEqual([
    { idempotent: false, streams: true },
    { idempotent: false, streams: false },
  ]);
  expect(standing("pose", "simulator").engine.protocol).toBe("http");
});

test.each(stageNames)(
  "the simulator in %s has the port and the routes of the engine there by default, and a few of its own",
  (name) => {
    const real = standing(name).engine;
    const simulator = standing(name, "simulator").engine;
    expect(simulator.port).toBe(real.port);
    expect(simulator.routes.slice(0, real.routes.length)).toEqual(real.routes);
    // What is its own changes nothing, and is read unless it says otherwise.
    const own = simulator.routes.slice(real.routes.length);
    expect(own.map(({ purpose }) => purpose)).toEqual(own.map(() => "work"));
    expect(own.filter(({ streams, idempotent, method }) => streams || idempotent !== (method === "GET"))).toEqual([]);
    expect(simulator.name).toBe("simulator");
  },
);

/** What docs/services.md tells of an engine, cell by cell. */
function rowOf(engine: Engine): string[] {
  const { method, path, streams } = workRoute(engine);
  const { startup, readiness, liveness } = engine.probes;
  const { requests, limits } = engine.resources;
  const times = limitsOf(engine);
  const stages = stageNames.filter((name) => stageOf(name).engines.some((fitting) => fitting === engine.name));
  return [
    `\`${engine.name}\``,
    stages.join(", "),
    String(engine.port),
    `\`${method} ${path}\`${streams ? ", streams" : ""}`,
    [...new Set([startup, readiness])].map((probe) => (probe === undefined ? "port" : `\`${probe}\``)).join(", "),
    liveness === undefined ? "port" : `\`${liveness}\``,
    engine.metrics === undefined ? "none" : `\`${engine.metrics.path}\``,
    `${requests.cpu}–${limits.cpu}`,
    `${requests.memory}–${limits.memory}`,
    engine.gpuMemory ?? "",
    engine.user === undefined ? "the image's" : `${engine.user.uid}:${engine.user.gid}`,
    engine.scratch.map(({ path, sizeLimit }) => `\`${path}\` ${sizeLimit}`).join(", "),
    engine.model === undefined ? "in the image" : `\`${engine.model.path}\``,
    `${engine.startupSeconds} s`,
    `${gracePeriodSeconds({ engine, limits: times, streams: streamLimitsOf(times) })} s`,
  ];
}

/** The rows of the first table below a heading, each as its cells. */
function tableBelow(heading: string, text: string): string[][] {
  const lines = text.slice(text.indexOf(heading)).split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const rest = lines.slice(first);
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith("|")),
  );
  return rows.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("docs/services.md", () => {
  const text = readFileSync("docs/services.md", "utf8");

  test("tells of each engine what the program knows of it", () => {
    expect(tableBelow("## Engines", text)).toEqual(Object.values<Engine>(engines).map(rowOf));
  });

  test("tells each image", () => {
    const told = tableBelow("## Images", text).map(([name, image]) => [name, image]);
    const known = all.map(([name, { image }]) => [`\`${name}\``, image === undefined ? "none" : `\`${image}\``]);
    expect(told).toEqual(known);
  });
});
