import { hasPods, placedIn } from "../../services/placement.ts";
import type { LenientMesh } from "./lenient.ts";

type Service = LenientMesh["services"][string];

/** The services as one cluster has them. */
export interface Placed {
  readonly cluster: LenientMesh["clusters"][number];
  readonly services: LenientMesh["services"];
}

/** The services as each cluster has them. */
export function placed({ clusters, services }: Pick<LenientMesh, "clusters" | "services">): Placed[] {
  return clusters.map((cluster) => ({
    cluster,
    services: Object.fromEntries(
      Object.entries(services).map(([stage, service]) => [
        stage,
        placedIn<Service["versions"][number], Service>(service, cluster),
      ]),
    ),
  }));
}

/** The same while no cluster is drained: one that is for a while is to hold its stages again. */
export function placedUsually({ clusters, services }: Pick<LenientMesh, "clusters" | "services">): Placed[] {
  return placed({ clusters: clusters.map((cluster) => ({ ...cluster, drained: false })), services });
}

/** The services that have pods; of versions that have none it does not count which model they would read. */
export function withPods(services: LenientMesh["services"]): LenientMesh["services"] {
  return Object.fromEntries(
    Object.entries(services)
      .filter(([, { versions }]) => versions.some(hasPods))
      .map(([stage, service]) => {
        const versions = service.versions.map((one) => (hasPods(one) ? one : { ...one, model: undefined }));
        return [stage, { ...service, versions }];
      }),
  );
}
