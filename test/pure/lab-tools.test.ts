import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { complete, folder, link, program, text } from "../../lab/images/entry.ts";
import { writeImage } from "../../lab/images/oci.ts";
import { elapsed, roughly, secondsLeft } from "../../lab/tools/estimate.ts";
import { goBuild } from "../../lab/tools/go.ts";
import { buildFlags, programName, releaseOf } from "../../lab/tools/pins.ts";

test.each([
  // weight and seconds of what is done, of what runs, weight of what waits → seconds left
  [[0, 0], [100, 0], 200, 300], // as fast as measured, until something is known
  [[70, 170], [100, 0], 200, 600], // twice as slow: (170 + 30) / (70 + 30)
  [[70, 20], [100, 0], 200, 150], // twice as fast
  [[0, 0], [100, 100], 0, 10], // what should be done by now: a tenth of its weight
  [[0, 0], [70, 400], 100, 428], // what runs takes four times as long, so will what waits
])("done %j, running %j, waiting %d: %d s left", ([doneWeight, doneSeconds], [weight, seconds], waiting, left) => {
  const done = { weight: doneWeight ?? 0, seconds: doneSeconds ?? 0 };
  const current = { weight: weight ?? 0, seconds: seconds ?? 0 };
  expect(secondsLeft({ done, current, waiting })).toBeCloseTo(left, 6);
});

test.each([
  [1, "5 s"],
  [44, "45 s"],
  [89, "90 s"],
  [100, "2 min"],
  [620, "10 min"],
])("%d s is about %s", (seconds, words) => expect(roughly(seconds)).toBe(words));

test.each([
  [45, "0:45"],
  [723.9, "12:03"],
])("%d s on a clock: %s", (seconds, clock) => expect(elapsed(seconds)).toBe(clock));

test.each([
  ["k8s.io/kubernetes/cmd/kubelet", "kubernetes", "kubelet"],
  ["go.etcd.io/etcd/server/v3", "etcd", "server"],
  [".", "coredns", "coredns"],
  ["./charts", "istio", "charts"],
])("go build calls the program of %s in %s %s", (goPackage, module, name) => {
  expect(programName(goPackage, module)).toBe(name);
});

test.each([
  ["v0.315.0", "3.15.0"],
  ["v0.305.1", "3.5.1"],
])("Prometheus' module %s is release %s", (version, release) => expect(releaseOf(version)).toBe(release));

test("the flags of a build carry the module's tags and version", () => {
  const module = { folder: "m", tags: ["a", "b"], variables: (v: string) => ({ "m.V": v }), tools: [], seconds: 1 };
  const linker = "-s -w -X m.V=v1.2.3";
  const compiler = ["-gcflags=all=-l -dwarf=false", "-gcflags=std=-dwarf=false"];
  const flags = ["-trimpath", "-buildvcs=false", ...compiler, "-tags", "a,b", "-ldflags", linker];
  expect(buildFlags(module, "v1.2.3")).toEqual(flags);
});

describe("where a tool lies", () => {
  const root = mkdtempSync(join(tmpdir(), "linly-mesh-tools-"));
  const modules = ["one", "two", "alone"];

  beforeAll(() => {
    writeFileSync(join(root, "go.work"), "go 1.26.8\n\nuse (\n\t./one\n\t./two\n)\n");
    for (const folder of modules) {
      mkdirSync(join(root, folder));
      writeFileSync(join(root, folder, "go.mod"), `module ${folder}\n`);
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const builds = () =>
    modules.map((folder) => goBuild({ folder, tools: [{ name: "pause", goPackage: "." }], seconds: 1 }, root));
  const places = () => builds().map((build) => build.places.get("pause"));

  test.each([
    ["two", [false, false, true]], // one of those that share their versions
    ["alone", [true, true, false]],
  ])("what %s requires decides for those that share it", (changed, areSame) => {
    const before = places();
    writeFileSync(join(root, changed, "go.mod"), `module ${changed}\n\nrequire example.com/other v1.2.3\n`);
    expect(places().map((place, index) => place === before[index])).toEqual(areSame);
  });

  test("those that share are built together, whatever the user's environment says", () => {
    const work = join(root, "go.work");
    expect(builds().map(({ env }) => env["GOWORK"])).toEqual([work, work, "off"]);
  });
});

describe("an image archive", () => {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-image-"));
  const [archive, again] = [join(dir, "a.tar"), join(dir, "b.tar")];
  const source = join(dir, "source");
  const entries = [
    program("usr/bin/tool", source),
    text("etc/passwd", "root:x:0:0::/:\n"),
    link("bin/tool", "/usr/bin/tool"),
    folder("var/work", { owner: 1337, mode: 0o700 }),
  ];
  const start = { User: "1337:1337", Entrypoint: ["/usr/bin/tool"] };
  const blob = (digest: string) =>
    execFileSync("tar", ["-xOf", archive, `blobs/${digest.replace(":", "/")}`], { maxBuffer: 1 << 26 });

  beforeAll(async () => {
    writeFileSync(source, "x".repeat(3_000_001));
    await writeImage(archive, "localhost/x/y:lab", entries, start);
    await writeImage(again, "localhost/x/y:lab", entries.toReversed(), start);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test("is the same for the same entries in any order", () => {
    expect(readFileSync(again).equals(readFileSync(archive))).toBe(true);
  });

  test("holds blobs that are what their digests say", () => {
    const index = JSON.parse(execFileSync("tar", ["-xOf", archive, "index.json"], { encoding: "utf8" }));
    expect(index.manifests[0].annotations["io.containerd.image.name"]).toBe("localhost/x/y:lab");
    const manifest = JSON.parse(blob(index.manifests[0].digest).toString());
    for (const { digest, size } of [index.manifests[0], manifest.config, ...manifest.layers]) {
      const bytes = blob(digest);
      expect([`sha256:${createHash("sha256").update(bytes).digest("hex")}`, bytes.length]).toEqual([digest, size]);
    }
    const config = JSON.parse(blob(manifest.config.digest).toString());
    expect(config.rootfs.diff_ids).toEqual([manifest.layers[0].digest]);
    expect(config.config).toEqual(start);
  });

  test("holds a layer that tar reads, with owners, modes and links", () => {
    const index = JSON.parse(execFileSync("tar", ["-xOf", archive, "index.json"], { encoding: "utf8" }));
    const layer = join(dir, "layer.tar");
    writeFileSync(layer, blob(JSON.parse(blob(index.manifests[0].digest).toString()).layers[0].digest));
    const listed = execFileSync("tar", ["--numeric-owner", "--utc", "-tvf", layer], { encoding: "utf8" }).replaceAll(
      / +/g,
      " ",
    );
    expect(listed).toContain("-rwxr-xr-x 0/0 3000001 1970-01-01 00:00 usr/bin/tool");
    expect(listed).toContain("drwx------ 1337/1337 0 1970-01-01 00:00 var/work/");
    expect(listed).toContain("bin/tool -> /usr/bin/tool");
    expect(statSync(layer).size % 512).toBe(0);
  });

  test("holds each folder before what is in it", () => {
    const paths = complete(entries).map(({ path }) => path);
    expect(paths).toEqual([
      "bin",
      "bin/tool",
      "etc",
      "etc/passwd",
      "usr",
      "usr/bin",
      "usr/bin/tool",
      "var",
      "var/work",
    ]);
  });
});
