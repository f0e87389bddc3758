import type { Fault } from "../faults.ts";
import { modelsOf } from "./engines.ts";
import type { LenientMesh } from "./lenient.ts";

/** The oldest release of Kubernetes that Istio 1.31 supports. */
const istioMinimum = "1.32";

/** The first release of Kubernetes that mounts images as volumes by default (its table of feature gates; GA in 1.36). */
const imageVolumeMinimum = "1.35";

/** Clusters that are too old for what the stack uses. A cluster that does not tell its version is not judged. */
export function kubernetesFaults({ clusters, services }: LenientMesh): Fault[] {
  return clusters.flatMap(({ kubernetesVersion: version }, index) => {
    if (version === undefined) return [];
    const path = `clusters[${index}].kubernetesVersion`;
    const faults: Fault[] = isOlder(version, istioMinimum)
      ? [{ path, message: `${JSON.stringify(version)} is too old: Istio 1.31 needs ${istioMinimum} or newer` }]
      : [];
    if (!isOlder(version, imageVolumeMinimum)) return faults;
    const message = `needs Kubernetes ${imageVolumeMinimum} or newer; ${path} is ${JSON.stringify(version)}`;
    const images = Object.entries(services).flatMap(([stage, service]) =>
      modelsOf(stage, service).filter(({ model }) => model.image !== undefined),
    );
    return [...faults, ...images.map((place) => ({ path: `${place.path}.image`, message }))];
  });
}

function isOlder(version: string, minimum: string): boolean {
  const minor = (text: string) => Number(text.split(".")[1]);
  return minor(version) < minor(minimum);
}
