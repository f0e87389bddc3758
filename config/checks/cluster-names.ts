import { isRemote } from "../../services/topology.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

type Cluster = LenientMesh["clusters"][number];

/** Names of a stack file that stand behind a cluster's own in the names of resources. */
interface Named {
  readonly what: string;
  readonly names: readonly string[];
  /** The clusters that have an object of each. */
  readonly clusters: readonly Cluster[];
}

/**
 * Names that meet behind those of two clusters: `eu-key` of `prod` and `key` of `prod-eu` are both `prod-eu-key`. Pulumi
 * takes no name twice.
 */
export function clusterNameFaults(mesh: LenientMesh): Fault[] {
  return namedOf(mesh).flatMap(({ what, names, clusters }) =>
    clusters.flatMap((long) =>
      clusters
        .filter((short) => short.name !== "" && long.name.startsWith(`${short.name}-`))
        .flatMap((short) => {
          const between = long.name.slice(short.name.length + 1);
          return names
            .filter((name) => names.includes(`${between}-${name}`))
            .map((name) => ({
              path: `clusters[${mesh.clusters.indexOf(long)}].name`,
              message:
                `${JSON.stringify(long.name)} with the ${what} "${name}" and ${JSON.stringify(short.name)} with the ${what} ` +
                `"${between}-${name}" both make ${long.name}-${name}; rename one of them`,
            }));
        }),
    ),
  );
}

function namedOf({ clusters, services }: LenientMesh): Named[] {
  const all = Object.entries(services);
  const versions = all.flatMap(([stage, service]) => service.versions.map((version) => ({ stage, ...version })));
  const distinct = (names: readonly string[]) => [...new Set(names)].filter((name) => name !== "");
  return [
    { what: "secret", names: distinct(versions.flatMap(({ env }) => Object.values(env).flatMap(secretOf))), clusters },
    {
      what: "egress host",
      names: distinct(all.flatMap(([, { egress }]) => egress)),
      // Those of a remote are its primary's.
      clusters: clusters.filter((cluster) => !isRemote(cluster)),
    },
    { what: "version", names: distinct(versions.map(({ stage, name = "" }) => `${stage}-service-${name}`)), clusters },
  ];
}

function secretOf(value: unknown): string[] {
  const isReference = typeof value === "object" && value !== null && "secret" in value;
  return isReference && typeof value.secret === "string" ? [value.secret] : [];
}
