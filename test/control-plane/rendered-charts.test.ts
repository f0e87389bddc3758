import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import { parse } from "yaml";
import { projectDir } from "../../cli/project.ts";
import { preview, render, type Json } from "../../engine/index.ts";
import { writeCharts } from "../../lab/images/charts.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { missingForLab } from "../support/requirements.ts";
import { at, isObject, stepTitled } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";

const registry = "mirror.example.com";
const charts = { folder: join(projectDir, ".lab", "charts") };
const remote = join(projectDir, "test/command/fixtures/remote");
const dir = mkdtempSync(join(tmpdir(), "linly-mesh-air-gap-"));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What is run, and what arguments have run: the controller starts pods of its own, from an image it is told by one. */
function imagesIn(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (typeof value === "string") return /^--[\w-]*image=(.+)$/.exec(value)?.slice(1) ?? [];
  if (!isObject(value)) return [];
  const { image, ...rest } = value;
  return [...(typeof image === "string" ? [image] : []), ...Object.values(rest).flatMap(imagesIn)];
}

let helm: string;

beforeAll(async () => {
  if (missingForLab() !== undefined) return;
  // The charts that the lab installs; where a lab has been up they are there already.
  await writeCharts(projectDir, console.log);
  ({ helm } = await ensureTools(console.log, ["helm"]));
});

describeOnLab("the images of cert-manager, as its own chart renders them", () => {
  /** Images by the last part of their names; the text of all that the chart makes. */
  async function rendered(change: object): Promise<{ images: Map<string, string>; text: string }> {
    const into = mkdtempSync(join(dir, "rendered-"));
    const plan = await planOf(stackWith("prod", (mesh) => ({ ...mesh, ...change })));
    // Of the other charts some would be fetched.
    const steps = [stepTitled(plan, "Release cert-manager/cert-manager")];
    const { files, notRendered } = await render({ ...plan, steps }, into, { helm });
    expect(notRendered).toEqual([]);
    const workloads = files.filter((file) => /-(deployment|job)-cert-manager-/.test(file));
    const texts = workloads.map((file) => readFileSync(join(into, file), "utf8"));
    const images = texts.flatMap((text) => imagesIn(parse(text)));
    return {
      images: new Map(images.map((image) => [/([\w-]+):[^/]*$/.exec(image)?.[1] ?? image, image])),
      text: texts.join(),
    };
  }

  const names = ["acmesolver", "cainjector", "controller", "startupapicheck", "webhook"].map(
    (part) => `cert-manager-${part}`,
  );

  test("all come from the one registry", async () => {
    const { images, text } = await rendered({ airGap: { registry, charts } });
    expect([...images.keys()].toSorted()).toEqual(names);
    for (const [name, image] of images) expect(image).toMatch(new RegExp(`^${registry}/jetstack/${name}:v`));
    expect(text).not.toContain("quay.io");
  });

  test("the control: without an air gap none does", async () => {
    const { images } = await rendered({ addons: { certManager: { charts } } });
    expect([...images.keys()].toSorted()).toEqual(names);
    for (const [name, image] of images) expect(image).toMatch(new RegExp(`^quay.io/jetstack/${name}:v`));
  });
});

describeOnLab("the images that Istio's charts name", () => {
  test("all come from the one registry, and so do those that the injector puts into pods", async () => {
    const plan = await planOf(stackWith("prod", (mesh) => ({ ...inOneCluster(mesh), airGap: { registry, charts } })));
    const into = mkdtempSync(join(dir, "rendered-"));
    const { files, notRendered } = await render(plan, into, { helm });
    // Its chart is not among the lab's.
    expect(notRendered.map(({ release }) => release)).toEqual(["nvidia-device-plugin/nvidia-device-plugin"]);
    const rendered = files.map((file): Json => parse(readFileSync(join(into, file), "utf8")));
    // The injector puts its own in place of `auto`.
    const found = rendered.flatMap(imagesIn).filter((image) => image !== "auto");
    expect(found.filter((image) => /\/(pilot|install-cni):/.test(image)).length).toBe(2);
    expect(found.filter((image) => !image.startsWith(`${registry}/`))).toEqual([]);
    const injector = rendered.find((manifest) => at(manifest, "metadata", "name") === "istio-sidecar-injector");
    expect(at(parse(String(at(injector, "data", "values"))), "global", "hub")).toBe(`${registry}/release`);
  });
});

describeOnLab("a remote component whose chart lies in a folder", () => {
  test("is rendered, as for a Kubernetes of today", async () => {
    const program = { dir: remote, project: "p", stack: "s", config: { "p:how": "folder" } };
    const into = mkdtempSync(join(dir, "rendered-"));
    const { files, notRendered } = await render(await preview(program, () => {}), into, { helm });
    expect(notRendered).toEqual([]);
    const file = files.find((name) => name.endsWith("configmap-cert-manager-values.yaml"));
    expect(parse(readFileSync(join(into, String(file)), "utf8"))).toMatchObject({ data: { replicas: "2" } });
  });
});
