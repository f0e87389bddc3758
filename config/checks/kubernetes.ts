import type { Fault } from "../faults.ts";
import type { MeshConfig } from "../schema.ts";
import { modelsOf } from "./engines.ts";
import { lenientMesh, type LenientMesh } from "./lenient.ts";
import { placedUsually, withPods } from "./placed.ts";

/** The oldest release of Kubernetes that Istio 1.31 supports. */
const istioMinimum = "1.32";

/** The first release of Kubernetes that mounts images as volumes by default (its table of feature gates; GA in 1.36). */
const imageVolumeMinimum = "1.35";

/** Clusters that are too old for what the stack uses. A cluster that does not tell its version is not judged. */
export function kubernetesFaults(mesh: LenientMesh): Fault[] {
  return placedUsually(mesh).flatMap(({ cluster: { kubernetesVersion: version }, services }, index) => {
    if (version === undefined) return [];
    const path = `clusters[${index}].kubernetesVersion`;
    return tooNew(version, withPods(services)).map(({ place, what, minimum }) =>
      place === undefined
        ? { path, message: `${JSON.stringify(version)} is too old: ${what} needs ${minimum} or newer` }
        : { path: place, message: `needs Kubernetes ${minimum} or newer; ${path} is ${JSON.stringify(version)}` },
    );
  });
}

/**
 * Why a cluster that was asked for its version cannot hold a mesh; undefined where it can.
 *
 * @param version as the API server tells it: `v1.34.1`
 */
export function versionRefusal(version: string, mesh: MeshConfig): string | undefined {
  const needs = tooNew(version, lenientMesh.parse(mesh).services);
  if (needs.length === 0) return undefined;
  const reasons = needs.map(({ place, what, minimum }) => `${place ?? what} needs ${minimum} or newer`);
  return `runs Kubernetes ${version}, which is too old: ${reasons.join("; ")}`;
}

/** Something that a release of Kubernetes does not have yet. */
interface TooNew {
  readonly what: string;
  /** Where the stack file asks for it; undefined for what every mesh needs. */
  readonly place?: string;
  readonly minimum: string;
}

function tooNew(version: string, services: LenientMesh["services"]): TooNew[] {
  const istio = isOlder(version, istioMinimum) ? [{ what: "Istio 1.31", minimum: istioMinimum }] : [];
  if (!isOlder(version, imageVolumeMinimum)) return istio;
  const images = Object.entries(services).flatMap(([stage, service]) =>
    modelsOf(stage, service).filter(({ model }) => model.image !== undefined),
  );
  const what = "an image as a volume";
  return [...istio, ...images.map(({ path }) => ({ what, place: `${path}.image`, minimum: imageVolumeMinimum }))];
}

function isOlder(version: string, minimum: string): boolean {
  const minor = (text: string) => Number(text.split(".")[1]);
  return minor(version) < minor(minimum);
}
