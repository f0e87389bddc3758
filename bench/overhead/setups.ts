import { join } from "node:path";
import { programOf, projectDir } from "../../cli/project.ts";
import type { StackFile } from "../../cli/stack-file.ts";
import { overlay, type HelmValue, type HelmValues } from "../../components/helm-values.ts";
import { istioNamespace } from "../../components/istio/values.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { runHelm, withValues, type Helm } from "../../engine/helm/helm.ts";
import { preview, type JsonObject, type Program } from "../../engine/index.ts";

/*
 * The same pipeline of the same stages in four namespaces of one cluster, which differ in what stands between the stages.
 * Two istiods of one build tell the sidecars what to do: the one that the program installs, and one of Istio's own
 * defaults, which sees none of the program's objects.
 */

/** What stands between the stages. */
export const setups = ["without", "defaults", "ours", "layer4"] as const;
export type Setup = (typeof setups)[number];

/** The namespace of each setup. */
export const namespaces: Readonly<Record<Setup, string>> = {
  without: "bench-without",
  defaults: "bench-defaults",
  ours: "linly",
  layer4: "bench-layer4",
};

/** Revision of the istiod with Istio's defaults. */
const revision = "defaults";
export const defaultsRelease = `istiod-${revision}`;

export const stages = ["asr", "llm", "tts", "face"] as const;
const image = "localhost/linly-mesh/bench-stage:lab";

/** The local stack with stages that take no time, each of one version, and nobody who looks on. */
export function benchMesh(mesh: MeshConfig): MeshConfig {
  const compute = { cpu: "2", memory: "256Mi" };
  const services = Object.entries(mesh.services).map(([stage, service]) => {
    const version = { ...service.versions[0], name: "v1", weight: 100, image, env: {}, clusters: {} };
    const resources = { requests: { cpu: "10m", memory: "32Mi" }, limits: compute };
    return [stage, { ...service, versions: [version], resources }];
  });
  const alerts = {
    latency: { ...mesh.telemetry.alerts.latency, enabled: false },
    errors: { ...mesh.telemetry.alerts.errors, enabled: false },
  };
  return {
    ...mesh,
    services: Object.fromEntries(services),
    addons: { ...mesh.addons, prometheus: { install: false } },
    telemetry: { ...mesh.telemetry, tracing: { sampling: 1 }, alerts },
  };
}

/** That mesh with stages whose requests no sidecar looks into, but for the one that users reach. */
export function layer4Mesh(mesh: MeshConfig): MeshConfig {
  const services = Object.entries(mesh.services).map(([stage, service]) => [
    stage,
    stage === mesh.pipeline[0] ? service : { ...service, appProtocol: "tcp" },
  ]);
  return { ...mesh, namespace: namespaces.layer4, services: Object.fromEntries(services) };
}

export function programWith(file: StackFile, mesh: MeshConfig): Program {
  return programOf({ ...file, config: { "linly-mesh:mesh": JSON.stringify(mesh) } });
}

/** What a program makes in one namespace, the namespace first. */
export async function objectsIn(program: Program, namespace: string): Promise<JsonObject[]> {
  const { steps } = await preview(program, () => undefined);
  const manifests = steps.filter(({ kind }) => kind === "object").map(({ inputs }) => inputs);
  return manifests.filter((manifest) => {
    const { name, namespace: within } = metadataOf(manifest);
    return manifest["kind"] === "Namespace" ? name === namespace : within === namespace;
  });
}

/** The pipeline's own objects in another namespace, without GPUs, and without Istio but for what its label asks for. */
export function moved(objects: readonly JsonObject[], setup: "without" | "defaults"): JsonObject[] {
  const name = namespaces[setup];
  const labels = setup === "defaults" ? { "istio.io/rev": revision } : {};
  const kinds = ["Deployment", "Service", "ServiceAccount"];
  const own = objects.filter(({ kind }) => typeof kind === "string" && kinds.includes(kind));
  // Beside the field the addresses of the next stages name the namespace.
  const text = JSON.stringify(own).replaceAll(`.${namespaces.ours}.svc`, `.${name}.svc`);
  const copies: JsonObject[] = JSON.parse(
    text.replaceAll(`"namespace":"${namespaces.ours}"`, `"namespace":"${name}"`),
    // The lab has not so many, and nothing uses them.
    (key, value: unknown) => (key === "nvidia.com/gpu" ? undefined : value),
  );
  return [{ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }, ...copies];
}

/** Installs an istiod with Istio's defaults beside the program's. */
export async function installDefaults(helm: Helm, mesh: MeshConfig): Promise<void> {
  await withValues(defaultValues(mesh), (values) =>
    runHelm(helm, [
      ...["upgrade", "--install", defaultsRelease, join(projectDir, ".lab", "charts", "istiod")],
      ...["--namespace", istioNamespace, "--wait", ...values],
    ]),
  );
}

/**
 * The chart's own values, but for what has to be said: who the cluster is, where the image lies, that the CNI agent is
 * there, and what the lab's Envoy cannot do. Limits of sidecars are Istio's, requests the lab's.
 */
export function defaultValues({ istio, clusters }: MeshConfig): HelmValues {
  const [cluster] = clusters;
  const { images, values } = istio;
  if (cluster === undefined || images === undefined) throw new Error("the local stack names its cluster and images");
  const own: HelmValues = {
    revision,
    cni: { enabled: true },
    seccompProfile: { type: "RuntimeDefault" },
    global: {
      hub: images.hub,
      tag: images.tag,
      meshID: istio.meshId,
      multiCluster: { clusterName: cluster.name },
      network: cluster.network,
    },
  };
  return overlay(own, without(values.istiod, ["global", "proxy", "resources", "limits"]));
}

/** The values without the one at a path. */
function without(values: HelmValues, [key = "", ...rest]: readonly string[]): HelmValues {
  const { [key]: value, ...others } = values;
  return rest.length > 0 && isMapping(value) ? { ...others, [key]: without(value, rest) } : others;
}

function isMapping(value: HelmValue | undefined): value is HelmValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function metadataOf(manifest: JsonObject): { name: unknown; namespace: unknown } {
  const metadata = manifest["metadata"];
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return { name: "", namespace: "" };
  return { name: metadata["name"], namespace: metadata["namespace"] };
}
