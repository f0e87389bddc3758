import { readFile, writeFile } from "node:fs/promises";
import { createServer as createTcpServer } from "node:net";
import type { Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import type { JsonObject } from "../../engine/index.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { startApiServer } from "../support/api-server.ts";
import type { ApiServer } from "../support/api-server.ts";
import { freePort } from "../support/free-port.ts";
import { describeOnLab, testOnLab } from "../support/on-lab.ts";
import { at } from "../support/plan.ts";
import { StackOverClusters } from "../support/stack-over-clusters.ts";
import type { Wanted } from "../support/stack-over-clusters.ts";
import { selfSigned, selfSignedFor } from "../support/certificates.ts";

const here = new URL(".", import.meta.url).pathname;
let east: ApiServer;
let west: ApiServer;
/** One that is made to fail, beside all other tests; the others are not. */
let south: ApiServer;
/** One that is where another was. */
let instead: ApiServer;
let helm: string;
const stacks: StackOverClusters[] = [];

beforeAll(async () => {
  const [tools, ...servers] = await Promise.all([
    ensureTools(() => {}, ["helm"]),
    startApiServer(),
    startApiServer(),
    startApiServer(),
    startApiServer(),
  ]);
  [east, west, south, instead] = servers;
  helm = tools.helm;
});

afterAll(async () => {
  const servers = [east, west, south, instead];
  await Promise.all([...stacks.map((stack) => stack.remove()), ...servers.map((server) => server.stop())]);
});

async function stackOver(name: string): Promise<StackOverClusters> {
  const stack = await StackOverClusters.make(name, { east, west }, helm);
  stacks.push(stack);
  return stack;
}

const both = ["east", "west"];

describeOnLab.concurrent("a cluster that the program no longer names", () => {
  const chain = ["east/a", "west/b", "east/c", "west/d"];

  test("is cleared, in an order that goes back and forth between clusters; then nobody knows of it", async () => {
    const left = await stackOver("left");
    expect((await left.up(both, { chain })).end).toBe("4 created");
    expect([await left.known("east"), await left.known("west")]).toEqual([["west"], ["east"]]);
    const before = [await left.inventory("east"), await left.inventory("west")];
    expect((await left.up(both, { chain })).end).toBe("4 unchanged");
    expect([await left.inventory("east"), await left.inventory("west")], "not even the inventories").toEqual(before);

    const { end, done } = await left.up(["east"], { chain: ["east/a"] });
    expect(end).toBe("3 deleted, 1 unchanged");
    expect(done).toEqual([
      "same ConfigMap left/a",
      "delete ConfigMap left/d",
      "delete ConfigMap left/c",
      "delete ConfigMap left/b",
    ]);
    expect([await left.names("west"), await left.records("west")]).toEqual([[], []]);
    expect([await left.known("east"), await left.records("east")]).toEqual([[], ["inventory"]]);
  });

  test("is cleared by destroy, too", async () => {
    const gone = await stackOver("gone");
    await gone.up(both, { chain });
    expect((await gone.destroy(["east"])).end).toBe("4 deleted");
    for (const cluster of both) expect([await gone.names(cluster), await gone.records(cluster)]).toEqual([[], []]);
  });

  // The stack, its provider, a resource and three deletions start and are done: 12 events, of which the last may be the end.
  const seed = Number(process.env["LINLY_MESH_SEED"] ?? Math.floor(Math.random() * 11));

  test(`is not forgotten by a run that is killed, at event ${seed} (LINLY_MESH_SEED) or later`, async () => {
    const killed = await stackOver("killed");
    await killed.up(both, { chain });
    let seen = 0;
    const run = killed.start(["east"], { chain: ["east/a"] }, (_, started) => {
      if (seen === seed) started.kill();
      seen += 1;
    });
    expect((await run.ended).signal).toBe("SIGKILL");
    expect((await killed.up(["east"], { chain: ["east/a"] })).end).toMatch(/1 unchanged$/);
    expect([await killed.names("west"), await killed.records("west"), await killed.known("east")]).toEqual([
      [],
      [],
      [],
    ]);

    // What a run leaves that is killed after it has let the cluster go and before the others know.
    await killed.up(both, { chain });
    const inventory = "/api/v1/namespaces/kube-system/configmaps/linly-mesh-killed";
    for (const path of [inventory, ...["b", "d"].map((name) => `/api/v1/namespaces/killed/configmaps/${name}`)])
      expect((await west.request("DELETE", path)).status).toBe(200);
    expect(await killed.known("east")).toEqual(["west"]);
    expect((await killed.up(["east"], { chain: ["east/a"] })).end).toBe("1 deleted, 1 unchanged");
    expect([await killed.records("west"), await killed.known("east")]).toEqual([[], []]);
  });

  test("keeps what it has, and what that needs, until it answers or is forgotten", async () => {
    const away = await stackOver("away");
    await away.up(both, { chain });
    await away.lead("west", { port: await freePort() });
    const wanted = { chain: ["east/a", "east/new"] };
    const { end, done } = await away.up(["east"], wanted);
    expect(done, "the program itself is carried out").toEqual(["same ConfigMap away/a", "create ConfigMap away/new"]);
    expect(end).toMatch(
      /^cluster west left the program and what the stack holds there is not deleted yet: cluster west \(https:\/\/127\.0\.0\.1:\d+\) can't be reached: connection refused\. Nothing was deleted: run this again once it answers; if it is gone for good, forget it: --forget west$/,
    );
    expect([await away.known("east"), await away.names("east")]).toEqual([["west"], ["a", "c", "new"]]);

    const refused = async (forget: string) => (await away.up(["east"], wanted, { forget: [forget] })).end;
    expect(await refused("north")).toBe(
      "cluster north can't be forgotten: there is none of this name; it could be west",
    );
    expect(await refused("east")).toBe(
      "cluster east can't be forgotten: the program names it; take it out of the program first",
    );
    await away.lead("west", undefined);
    expect(await refused("west")).toBe(
      "cluster west can't be forgotten: it answers; without --forget what the stack holds there is deleted",
    );
    await away.lead("west", { port: await freePort() });
    const forgotten = await away.up(["east"], wanted, { forget: ["west"] });
    expect(forgotten.end).toBe("1 deleted, 2 unchanged");
    expect(forgotten.said).toContain("cluster west is forgotten: what stack away made there is left as it is");
    expect([await away.known("east"), await away.names("west")]).toEqual([[], ["b", "d"]]);
    expect((await away.up(["east"], wanted)).end).toBe("2 unchanged");
  });

  test("is not mistaken for another one that is where it was", async () => {
    const moved = await stackOver("moved");
    await moved.up(both, { chain: ["east/a", "west/b"] });
    await moved.lead("west", east);
    expect((await moved.up(["east"], { chain: ["east/a"] })).end).toContain(
      `cluster west: context test of ${moved.kubeconfig("west")} leads to another cluster now (https://127.0.0.1:`,
    );
    // Named by the program, the other is what the name means from now on.
    await moved.up(["west"], { chain: ["west/z"] });
    await moved.lead("west", undefined);
    const { end: again } = await moved.up(both, { chain: ["east/a", "west/b"] });
    expect(again).toMatch(/^[^:]*$/);
    await moved.lead("east", instead);
    const { said, end } = await moved.up(both, {});
    expect([end, ...said].join("\n")).toMatch(
      /^[^\n]*\ncluster east is not the one that it was; what the stack had made in that is left/,
    );
  });

  test("whose kubeconfig was given as content is not found again, and its credentials are nowhere", async () => {
    const content = await stackOver("content");
    const kubeconfig = await readFile(west.kubeconfig, "utf8");
    await content.up(["east", { name: "west", kubeconfig }], { chain: ["east/a", "west/b"] });
    const written = String(at(await content.inventory("east"), "data", "clusters"));
    expect(Object.keys(JSON.parse(written))).toEqual(["name", "uid", "context"]);
    expect((await content.up(["east"], { chain: ["east/a"] })).end).toBe(
      "cluster west left the program and what the stack holds there is not deleted yet: cluster west: its kubeconfig was " +
        "given as content, which is never written down. Nothing was deleted: take what it holds out of the program " +
        "before its provider, then forget it: --forget west",
    );
    const { end } = await content.up(["east"], { chain: ["east/a"] }, { forget: ["west"] });
    expect([end, await content.known("east")]).toEqual(["1 unchanged", []]);
  });
});

describeOnLab.concurrent("clusters that can't be reached", () => {
  test("are named all at once, each with its cause, before anything is touched", async () => {
    const dark = await stackOver("dark");
    const expired = selfSignedFor("20200101000000Z", "20210101000000Z");
    const early = selfSignedFor("20700101000000Z", "20710101000000Z");
    const servers = [
      createTlsServer(expired),
      createTlsServer(early),
      createTlsServer(selfSigned()),
      createTcpServer(() => {}),
    ];
    const [expiredPort, earlyPort, strangerPort, silentPort] = await Promise.all(servers.map(listening));
    const token = { token: "of nobody" };
    const at = (port: number | undefined, cluster: JsonObject = {}) => ({
      server: `https://127.0.0.1:${port}`,
      ...cluster,
    });
    const trusting = ({ cert }: { cert: string }) => ({ "certificate-authority-data": btoa(cert) });
    const ways: Record<string, JsonObject> = {
      refused: at(await freePort()),
      expired: at(expiredPort, trusting(expired)),
      early: at(earlyPort, trusting(early)),
      stranger: at(strangerPort),
      silent: at(silentPort),
      nowhere: { server: "https://nowhere.invalid:6443" },
      token: at(portOf(await readFile(east.kubeconfig, "utf8")), { "insecure-skip-tls-verify": true }),
    };
    const clusters = await Promise.all(
      Object.entries(ways).map(async ([name, cluster]) => {
        await writeFile(dark.kubeconfig(name), kubeconfigOf(cluster, token));
        return { name, kubeconfig: dark.kubeconfig(name) };
      }),
    );
    const { end } = await dark.up(["east", "west", ...clusters], { chain: ["east/a", "west/b"] });
    for (const server of servers) server.close();
    const causes = end.split("\n").flatMap((line) => {
      const [, name, cause] =
        /^ {2}cluster (\w+) \(https:\S+\) can't be reached: (.*); nothing was touched in any/.exec(line) ?? [];
      return name === undefined ? [] : [[name, cause]];
    });
    expect(end).toMatch(/^7 problems:\n/);
    expect(Object.fromEntries(causes)).toEqual({
      refused: "connection refused",
      expired: "its certificate has expired",
      early: "its certificate is not valid yet",
      stranger: "its certificate is not signed by an authority that the kubeconfig names",
      silent: expect.stringMatching(/^no answer (in time|within 15 s)$/),
      nowhere: expect.stringMatching(/^its host name (is not known|can't be looked up)$/),
      token: "it does not accept the credentials of the kubeconfig, which may have expired (401)",
    });
    for (const cluster of both) expect([await dark.names(cluster), await dark.records(cluster)]).toEqual([[], []]);
    expect((await dark.up(both, { chain: ["east/a", "west/b"] })).end, "the control").toBe("2 created");
  });

  test("hold up a destroy until they are forgotten; one that answers is not", async () => {
    const stuck = await stackOver("stuck");
    await stuck.up(both, { chain: ["east/a", "west/b"] });
    expect((await stuck.destroy(both, { forget: ["west"] })).end).toBe(
      "cluster west can't be forgotten: it answers; without --forget what the stack holds there is deleted",
    );
    await stuck.lead("west", { port: await freePort() });
    expect((await stuck.destroy(both)).end).toMatch(
      /can't be reached: connection refused; nothing was deleted; if it is gone for good, run with --forget west$/,
    );
    expect((await stuck.destroy(both, { forget: ["wets"] })).end).toContain("can't be reached");
    expect(await stuck.names("east")).toEqual(["a"]);
    const { end, said } = await stuck.destroy(both, { forget: ["west"] });
    expect(end).toBe("1 deleted");
    expect(said).toContain("cluster west is forgotten: what stack stuck made there is left as it is");
    expect([await stuck.names("east"), await stuck.records("east")]).toEqual([[], []]);
    expect(await stuck.names("west")).toEqual(["b"]);
  });
});

testOnLab.concurrent("of two runs at once one has all clusters, and the other none", async () => {
  const twice = await stackOver("twice");
  let second: Promise<string> | undefined;
  const wanted = { chain: ["east/a", "west/b"] };
  const first = await twice.up(both, wanted, {}, ({ type }) => {
    if (type === "start") second ??= twice.up(both.toReversed(), wanted).then(({ end }) => end);
  });
  // The second may also have come when the first was done.
  expect(first.end).toBe("2 created");
  expect(await second).toMatch(/^another run of this stack is at work on cluster (east|west): process|^2 unchanged/);
  for (const cluster of both) expect(await twice.records(cluster)).toEqual(["inventory"]);

  // Held by someone else in one cluster, it is given back in the other.
  for (const [server, held] of [
    [east, "east"],
    [west, "west"],
  ] as const) {
    const renewTime = new Date().toISOString().replace("Z", "000Z");
    const spec = {
      holderIdentity: "elsewhere.x.1/77/1/run",
      leaseDurationSeconds: 30,
      acquireTime: renewTime,
      renewTime,
    };
    const path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
    await server.request("POST", path, { metadata: { name: "linly-mesh-twice" }, spec });
    expect((await twice.up(both, wanted)).end).toContain(`is at work on cluster ${held}: process 77 on elsewhere`);
    const other = held === "east" ? "west" : "east";
    expect(await twice.records(other)).toEqual(["inventory"]);
    await server.request("DELETE", `${path}/linly-mesh-twice`);
  }
});

testOnLab.concurrent(
  "a cluster that dies ends what is waited for there; what is under way in others is finished",
  async () => {
    const dying = await StackOverClusters.make("dying", { east, south }, helm);
    stacks.push(dying);
    const clusters = ["east", "south"];
    const release = { cluster: "south", chart: join(here, "fixtures/waiting-chart") };

    // Cut off, with a wait and a helm under way there: the lease can't be renewed.
    const frozen = await without({ services: ["east/works", "south/dies"], release }, "works", () => {
      south.freeze(true);
    });
    south.freeze(false);
    expect(frozen.complaint).toMatch(/cluster south \(https:\S+\) is lost to this run: it has not answered for 25 s/);
    const failures = ["failed Service dying/dies", "failed Release dying/release"];
    expect(frozen.done.toSorted()).toEqual(["create Service dying/works", ...failures.toReversed()]);
    expect(await dying.records("east"), "its lease is given back").toEqual(["inventory"]);
    expect((await dying.up(clusters, { services: ["east/works"] })).end).toBe("2 deleted, 1 unchanged");

    // Gone, and back with what it stored.
    const crashed = await without({ services: ["east/more", "south/dies"] }, "more", () => south.crash());
    expect(crashed.complaint).toMatch(/cluster south \(https:\S+\) does not answer: connection refused \(GET \/api/);
    expect(crashed.done.toSorted()).toEqual(["create Service dying/more", "failed Service dying/dies"]);
    expect(await dying.records("east")).toEqual(["inventory"]);
    await south.restart();
    expect((await dying.up(clusters, { chain: ["south/x"] })).end).toBe("1 created, 3 deleted");

    /** An `up` that loses `south` once all is waited for; the Service in `east` is ready only once that was noticed. */
    async function without(wanted: Wanted, inEast: string, lose: () => unknown) {
      const awaited = new Set<string>();
      const answers: Promise<unknown>[] = [];
      function hear(what: string): void {
        awaited.add(what);
        const all = (wanted.services?.length ?? 0) + (wanted.release === undefined ? 0 : 1);
        if (awaited.size === all) answers.push(Promise.resolve(lose()));
      }
      const run = dying.start(clusters, wanted, (event) => {
        if (event.type === "waiting") hear(event.title);
        // Nothing tells of helm's own waiting, but what it waits for is there by then.
        if (event.type === "start" && event.step.kind === "release") {
          const made = expect.poll(() => dying.names("south", "apps/v1", "deployments"), { timeout: 60_000 });
          answers.push(made.toContain("waiting").then(() => hear(event.step.title)));
        }
        const isLost = event.type === "done" && event.step.title === "Service dying/dies";
        if (isLost) answers.push(dying.ready("east", inEast));
      });
      const ended = await run.ended;
      await Promise.all(answers);
      return ended;
    }
  },
);

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

function portOf(kubeconfig: string): number {
  return Number(/127\.0\.0\.1:(\d+)/.exec(kubeconfig)?.[1]);
}

function kubeconfigOf(cluster: JsonObject, user: JsonObject): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
  });
}
