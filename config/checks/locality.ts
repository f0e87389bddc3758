import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";
import { placed, placedUsually } from "./placed.ts";
import { placesOf } from "./placement.ts";
import { wrongTotal } from "./total.ts";

type Distribute = NonNullable<LenientMesh["locality"]["distribute"]>;

/** Shares of regions that are none, that don't total 100, or that leave callers without a replica. */
export function localityFaults(mesh: LenientMesh): Fault[] {
  const { topology, clusters, locality } = mesh;
  const { distribute } = locality;
  if (distribute === undefined || topology === undefined || clusters.length === 0) return [];
  const path = "locality.distribute";
  if (topology === "single") {
    return [{ path, message: 'has no meaning with topology "single", where there is one region; remove it' }];
  }
  return [
    ...Object.entries(distribute).flatMap(([from, to]) => [
      ...regionFaults([from], clusters, path),
      ...regionFaults(Object.keys(to), clusters, `${path}.${from}`),
      ...totalFaults(to, `${path}.${from}`),
    ]),
    ...emptyFaults(mesh, distribute),
  ];
}

function regionFaults(names: readonly string[], clusters: LenientMesh["clusters"], path: string): Fault[] {
  const regions = [...new Set(clusters.flatMap(({ region }) => region ?? []))];
  return names
    .filter((name) => !regions.includes(name))
    .map((name) => {
      const zoned = clusters.find(({ zones }) => zones.includes(name))?.region;
      const found =
        zoned === undefined
          ? `${JSON.stringify(name)} is no cluster's region: ${suggestion(name, regions)}`
          : `${JSON.stringify(name)} is a zone; shares are those of regions, as of its own, ${JSON.stringify(zoned)}`;
      return { path: `${path}.${name}`, message: found };
    });
}

function totalFaults(to: Distribute[string], path: string): Fault[] {
  const wrong = wrongTotal(Object.entries(to));
  return wrong === undefined ? [] : [{ path, message: `shares ${wrong}` }];
}

/** Istio takes the replicas of all regions without a share away: callers whose regions have none would find nobody. */
function emptyFaults(mesh: LenientMesh, distribute: Distribute): Fault[] {
  const places = placed(mesh);
  // That is how a version's rule is written.
  const usual = placedUsually(mesh);
  const regionOf = new Map(mesh.clusters.map(({ name, region }) => [name, region]));
  return Object.entries(distribute).flatMap(([from, to]) => {
    const given = Object.keys(to).filter((region) => (to[region] ?? 0) > 0);
    const known = given.length > 0 && given.every((region) => [...regionOf.values()].includes(region));
    if (!known || ![...regionOf.values()].includes(from)) return [];
    return Object.entries(mesh.services).flatMap(([stage, { versions }]) =>
      versions.flatMap(({ name }) => {
        const running = placesOf(places, stage, name);
        const regions = [...new Set(running.flatMap((place) => regionOf.get(place) ?? []))];
        // In one cluster alone a version is asked wherever it is.
        const alone = running.length === 0 || placesOf(usual, stage, name).length < 2;
        if (alone || regions.some((region) => given.includes(region))) return [];
        const found = `leaves callers of ${from} without ${stage} ${name ?? "?"}, which runs in ${regions.join(", ")}`;
        const message = `${found}; give one of these a share, or run it in ${given.join(" or ")}`;
        return [{ path: `locality.distribute.${from}`, message }];
      }),
    );
  });
}
