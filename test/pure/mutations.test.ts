import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { exitCodeOf } from "../../cli/failures.ts";
import { projectDir } from "../../cli/project.ts";
import { readStackFile, stacksOf } from "../../cli/stack-file.ts";
import { ConfigError, formatPath } from "../../config/faults.ts";
import { checkMesh } from "../../config/parse.ts";
import { validMesh, validMeshOfSeveral } from "../support/mesh-arbitrary.ts";

const folder = mkdtempSync(join(tmpdir(), "linly-mesh-mutations-"));
mkdirSync(join(folder, "stacks"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Path = (string | number)[];

const meshes = stacksOf(projectDir).map((stack) => {
  const file: { config: Record<string, unknown> } = parse(
    readFileSync(join(projectDir, "stacks", `Pulumi.${stack}.yaml`), "utf8"),
  );
  return file.config["linly-mesh:mesh"];
});

/** Every place in a value, the value itself first. */
function places(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  const members = Array.isArray(value)
    ? value.map((item, index) => places(item, [...at, index]))
    : Object.entries(value).map(([key, member]) => places(member, [...at, key]));
  return [at, ...members.flat()];
}

/** `value` with what stands at a place replaced. */
function replaced(value: unknown, [key, ...rest]: Path, by: (found: unknown) => unknown): unknown {
  if (key === undefined) return by(value);
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? replaced(item, rest, by) : item));
  const entries = Object.entries(typeof value === "object" && value !== null ? value : {});
  return Object.fromEntries(entries.map(([name, item]) => [name, name === key ? replaced(item, rest, by) : item]));
}

function isMapping(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === "object" && found !== null
        ? Object.entries(found).find(([name]) => name === String(key))?.[1]
        : undefined,
    value,
  );
}

/** Helm values are the charts' business: anything may stand below them. */
function isFree(path: Path): boolean {
  return path.includes("values");
}

/** Mappings whose keys are the user's own. */
function hasOwnKeys(path: Path): boolean {
  return ["env", "nodeSelector", "labels"].includes(String(path.at(-1)));
}

/** What reading the file with this mesh comes to. */
function readingOf(mesh: unknown): unknown {
  writeFileSync(join(folder, "stacks", "Pulumi.s.yaml"), stringify({ config: { "linly-mesh:mesh": mesh } }));
  try {
    return readStackFile(folder, "s");
  } catch (error) {
    return error;
  }
}

/** Whether a fault's path is that of a place, of something in it, or of what directly holds it. */
function tells(found: string, place: Path): boolean {
  const wanted = formatPath(place);
  const holder = formatPath(place.slice(0, -1));
  return found === wanted || found.startsWith(`${wanted}.`) || found.startsWith(`${wanted}[`) || found === holder;
}

/** Refused, as what the user wrote wrongly, with the place. */
function expectRefusal(mesh: unknown, path: Path): void {
  const error = readingOf(mesh);
  if (!(error instanceof ConfigError)) throw new Error(`${formatPath(path)} was not refused: ${String(error)}`);
  expect(exitCodeOf(error)).toBe(2);
  const named = error.faults.filter(({ path: found }) => tells(found, path));
  expect(named, `${formatPath(path)}\n${error.message}`).not.toEqual([]);
}

const mesh = fc.constantFrom(...meshes);
const place = (from: (value: unknown) => Path[]) =>
  mesh.chain((value) => fc.constantFrom(...from(value)).map((path) => ({ value, path })));

describe("whatever is changed in a stack file so that it can't be meant is refused, with its path", () => {
  test("a value of another type", () => {
    const all = place((value) => places(value).filter((path) => path.length > 0 && !isFree(path)));
    fc.assert(
      fc.property(all, ({ value, path }) => {
        const wrong = isMapping(valueAt(value, path)) || Array.isArray(valueAt(value, path)) ? 7 : { wrong: true };
        expectRefusal(
          replaced(value, path, () => wrong),
          path,
        );
      }),
      { numRuns: 400 },
    );
  });

  test("a key that is not known", () => {
    const mappings = place((value) =>
      places(value).filter((path) => isMapping(valueAt(value, path)) && !isFree(path) && !hasOwnKeys(path)),
    );
    const key = fc.stringMatching(/^zz[a-z]{3,8}$/);
    fc.assert(
      fc.property(mappings, key, ({ value, path }, added) => {
        expectRefusal(
          replaced(value, path, (found) => ({ ...(isMapping(found) ? found : {}), [added]: 1 })),
          [...path, added],
        );
      }),
      { numRuns: 300 },
    );
  });

  const references: readonly Path[] = [
    ["pipeline", 0],
    ["entry"],
    ["pins", "dialogues", "stages", 0],
    ["services", "llm", "engine"],
    ["services", "llm", "versions", 0, "env", "KEY", "secret"],
  ];
  test.each(references)("a reference to nothing, %s", (...path) => {
    const [first] = meshes;
    const base = isMapping(first) ? first : {};
    const services = valueAt(first, ["services"]);
    const llm = valueAt(first, ["services", "llm"]);
    const versions = [{ name: "v1", weight: 100, image: "x/y:1", env: { KEY: { secret: "nothing-here" } } }];
    const whole = {
      ...base,
      mode: "orchestrated",
      entry: "webui",
      pins: { dialogues: { stages: ["llm"] } },
      services: {
        ...(isMapping(services) ? services : {}),
        llm: { ...(isMapping(llm) ? llm : {}), engine: "simulator", versions },
      },
    };
    const known = path.at(-1) === "secret" ? path.slice(0, -1) : path;
    expectRefusal(
      replaced(whole, path, () => "nothing-here"),
      known,
    );
  });
});

test.each([
  ["one cluster", validMesh],
  ["several clusters", validMeshOfSeveral],
])("what the generator of valid meshes of %s makes is accepted", (_, meshes) => {
  fc.assert(
    fc.property(meshes, (made) => {
      expect(checkMesh(made).faults).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
