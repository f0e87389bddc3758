import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Document, visit } from "yaml";
import { EngineError, messageOf } from "./errors.ts";
import { chartArgs, runHelm, withValues } from "./helm/helm.ts";
import { isObject, textAt } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { manifestsOf } from "./helm/manifests.ts";
import { manifestsInStableOrder } from "./order.ts";
import type { Plan } from "./preview.ts";
import { releaseSpec } from "./program/release-spec.ts";
import type { ReleaseSpec } from "./program/release-spec.ts";
import { maskedObject } from "./program/values.ts";

export interface Rendered {
  /** Every file written, relative to the folder. */
  readonly files: string[];
  /** Releases whose chart could not be fetched or rendered. */
  readonly notRendered: { release: string; reason: string }[];
}

/**
 * Writes each manifest that would be applied, those of charts included, to `dir/<cluster>/NNN-<kind>-<namespace>-<name>.yaml`.
 * Files of an earlier rendering are replaced. Secrets and what only a real run can know are marks.
 */
export async function render(plan: Plan, dir: string, options: { helm?: string }): Promise<Rendered> {
  const files: string[] = [];
  const notRendered: Rendered["notRendered"] = [];
  const clusters = [...new Set(plan.steps.flatMap((step) => step.cluster ?? []))].sort();
  for (const cluster of clusters) {
    const manifests: JsonObject[] = [];
    for (const step of plan.steps.filter((step) => step.cluster === cluster)) {
      if (step.kind === "object" || step.kind === "patch") manifests.push(step.inputs);
      if (step.kind !== "release") continue;
      try {
        manifests.push(...(await renderRelease(releaseSpec(step), plan.dir, options.helm)));
      } catch (error) {
        notRendered.push({ release: step.title.replace(/^Release /, ""), reason: messageOf(error) });
      }
    }
    const written = await writeManifests(join(dir, fileSafe(cluster)), manifestsInStableOrder(manifests));
    files.push(...written.map((file) => `${fileSafe(cluster)}/${file}`));
  }
  return { files, notRendered };
}

/* Without a cluster to ask, a chart is told this version. A helm built without its release's flags would say 1.20. */
const kubeVersion = "1.36.0";

async function renderRelease(spec: ReleaseSpec, dir: string, helm: string | undefined): Promise<JsonObject[]> {
  if (helm === undefined) throw new EngineError("there is no helm to render it with");
  const crds = spec.skipCrds ? ["--skip-crds"] : ["--include-crds"];
  const chart = chartArgs(spec, dir);
  const text = await withValues(spec.values, (values) =>
    runHelm({ binary: helm, args: [], env: {} }, [
      "template",
      spec.name,
      ...chart,
      "--namespace",
      spec.namespace,
      "--skip-tests",
      ...["--kube-version", kubeVersion],
      ...crds,
      ...values,
    ]),
  );
  const manifests = manifestsOf(text).map((manifest) => inNamespace(hideSecret(manifest), spec.namespace));
  return spec.createNamespace ? [namespace(spec.namespace), ...manifests] : manifests;
}

/** Helm makes this one itself, outside the chart. */
function namespace(name: string): JsonObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

/** A chart's own Secrets: their keys are shown, what they hold is not. */
function hideSecret(manifest: JsonObject): JsonObject {
  if (textAt(manifest, "kind") !== "Secret") return manifest;
  const hidden = { ...manifest };
  for (const key of ["data", "stringData"]) {
    const held = manifest[key];
    if (isObject(held)) hidden[key] = maskedObject(held, true);
  }
  return hidden;
}

const namespaced = new Set(
  (
    "ConfigMap CronJob DaemonSet Deployment HorizontalPodAutoscaler Ingress Job LimitRange NetworkPolicy " +
    "PersistentVolumeClaim Pod PodDisruptionBudget ReplicaSet ResourceQuota Role RoleBinding Secret Service " +
    "ServiceAccount StatefulSet"
  ).split(" "),
);

/** Helm puts what names no namespace into the release's. */
function inNamespace(manifest: JsonObject, release: string): JsonObject {
  const { metadata } = manifest;
  if (!isObject(metadata) || !namespaced.has(textAt(manifest, "kind") ?? "")) return manifest;
  return metadata["namespace"] === undefined
    ? { ...manifest, metadata: { ...metadata, namespace: release } }
    : manifest;
}

async function writeManifests(folder: string, manifests: readonly JsonObject[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const earlier = (await readdir(folder)).filter((file) => /^\d{3,}-.*\.yaml$/.test(file));
  await Promise.all(earlier.map((file) => rm(join(folder, file))));
  return Promise.all(
    manifests.map(async (manifest, index) => {
      const file = `${String(index + 1).padStart(3, "0")}-${fileName(manifest)}.yaml`;
      await writeFile(join(folder, file), yamlOf(manifest));
      return file;
    }),
  );
}

/**
 * A manifest as text that every reader takes alike: by YAML 1.1 a bare `y` or `on` is no text, by 1.2 a bare `0o7` is
 * none, and kubectl knows some of both.
 */
export function yamlOf(manifest: JsonObject): string {
  const document = new Document(inUsualOrder(manifest), { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "string" && /^[-+.\d]/.test(node.value) && !node.value.includes("\n"))
        node.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 });
}

function inUsualOrder({ apiVersion, kind, metadata, ...rest }: JsonObject): object {
  return { apiVersion, kind, metadata, ...rest };
}

function fileName(manifest: JsonObject): string {
  const kind = textAt(manifest, "kind") ?? "unknown";
  const [namespace, name] = [
    textAt(manifest, "metadata", "namespace"),
    textAt(manifest, "metadata", "name") ?? "unnamed",
  ];
  return fileSafe([kind, ...(namespace === undefined ? [] : [namespace]), name].join("-").toLowerCase());
}

function fileSafe(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.-]/g, "_");
}
