import { hasPods } from "../../services/placement.ts";
import { isShadow, liveVersions } from "../../services/shadow.ts";
import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";
import { placed, placedUsually, type Placed } from "./placed.ts";
import { repeated } from "./repeated.ts";
import { wrongTotal } from "./total.ts";

type Service = LenientMesh["services"][string];

/** What stands in the stack file for one cluster, and can't be so: names of none, pods where the service does not run. */
export function placementFaults({ clusters, services }: LenientMesh): Fault[] {
  if (clusters.length === 0) return [];
  const known = clusters.map(({ name }) => name);
  return Object.entries(services).flatMap(([stage, service]) => [
    ...unknownIn(service.clusters ?? [], known).map(({ index, message }) => ({
      path: `services.${stage}.clusters[${index}]`,
      message,
    })),
    ...repeated(service.clusters ?? []).map(({ value, index }) => ({
      path: `services.${stage}.clusters[${index}]`,
      message: `${JSON.stringify(value)} is there twice`,
    })),
    ...service.versions.flatMap((version, index) => {
      const path = `services.${stage}.versions[${index}].clusters`;
      return [
        ...unknownIn(Object.keys(version.clusters), known).map(({ name, message }) => ({
          path: `${path}.${name}`,
          message,
        })),
        ...podFaults(stage, service, version, path),
      ];
    }),
  ]);
}

function unknownIn(names: readonly string[], known: readonly string[]) {
  return names.flatMap((name, index) =>
    name === "" || known.includes(name)
      ? []
      : [{ name, index, message: `${JSON.stringify(name)} is no cluster: ${suggestion(name, known)}` }],
  );
}

/** Pods in a cluster whose callers alone the service has; a weight there is theirs, and may stand. */
function podFaults(stage: string, service: Service, version: Service["versions"][number], path: string): Fault[] {
  const { clusters } = service;
  if (clusters === undefined) return [];
  return Object.entries(version.clusters).flatMap(([name, { replicas = 0, autoscaling }]) => {
    if (clusters.includes(name) || (replicas === 0 && autoscaling === undefined)) return [];
    const key = autoscaling === undefined ? "replicas" : "autoscaling";
    const message = `asks for pods where ${stage} does not run; add ${name} to services.${stage}.clusters, or remove it`;
    return [{ path: `${path}.${name}.${key}`, message }];
  });
}

/** Weights by which callers of one cluster choose that don't total 100, and shadows that these would be answered by. */
export function clusterWeightFaults({ clusters, services }: LenientMesh): Fault[] {
  const names = clusters.map(({ name }) => name);
  return Object.entries(services).flatMap(([stage, service]) => {
    const differing = names.filter((name) => service.versions.some((version) => weightIn(version, name) !== undefined));
    return [
      ...differing.flatMap((name) => totalFaults(stage, service, name)),
      ...service.versions.flatMap((version, index) => {
        if (!isShadow(service, version)) return [];
        return differing.flatMap((name) => {
          const share = weightIn(version, name) ?? 0;
          if (!(share > 0)) return [];
          const message = `${share} for a shadow, which answers no caller, as it can call no other stage: give it weight 0`;
          return [{ path: `services.${stage}.versions[${index}].clusters.${name}.weight`, message }];
        });
      }),
    ];
  });
}

function totalFaults(stage: string, { versions }: Service, cluster: string): Fault[] {
  const wrong = wrongTotal(
    versions.map((version) => [version.name, weightIn(version, cluster) ?? version.weight] as const),
  );
  if (wrong === undefined) return [];
  return [{ path: `services.${stage}.versions`, message: `weights of callers in ${cluster} ${wrong}` }];
}

function weightIn({ clusters }: Service["versions"][number], name: string): number | undefined {
  return clusters[name]?.weight;
}

/** Stages and versions that are asked for, and run nowhere. */
export function nowhereFaults(mesh: LenientMesh): Fault[] {
  const { clusters, services } = mesh;
  if (clusters.length === 0) return [];
  if (clusters.every(({ drained }) => drained)) {
    const message = "are all drained; a mesh runs its stages in at least one of them";
    return [{ path: "clusters", message }];
  }
  const places = placed(mesh);
  return Object.entries(services).flatMap(([stage, service]) => {
    const live = liveVersions(service);
    // What has no versions, or names clusters that are none, is named elsewhere.
    const chosen = service.clusters?.filter((name) => clusters.some((cluster) => cluster.name === name));
    if (live.length === 0 || chosen?.length === 0) return [];
    if (!live.some(({ name }) => runsAnywhere(places, stage, name))) return [stageNowhere(stage, chosen, clusters)];
    return service.versions.flatMap((version, index) => {
      if (isShadow(service, version) || runsAnywhere(places, stage, version.name)) return [];
      const callers = places.flatMap(({ cluster, services: own }) => {
        const share = own[stage]?.versions[index]?.weight ?? 0;
        return share > 0 ? [`${share} of callers in ${cluster.name}`] : [];
      });
      if (callers.length === 0) return [];
      const message = `is given ${callers.join(", ")}, and has no pods in any cluster; run some, or give it weight 0`;
      return [{ path: `services.${stage}.versions[${index}]`, message }];
    });
  });
}

function stageNowhere(stage: string, chosen: readonly string[] | undefined, clusters: LenientMesh["clusters"]): Fault {
  const drained = clusters.filter((cluster) => cluster.drained).map(({ name }) => name);
  if (chosen?.every((name) => drained.includes(name)) === true) {
    const message = `are all drained (${chosen.join(", ")}); name one that is not, or leave clusters out`;
    return { path: `services.${stage}.clusters`, message };
  }
  const message = "run nowhere: no version has pods in a cluster that is not drained; give one replicas";
  return { path: `services.${stage}.versions`, message };
}

/** Services of several places between which nothing decides: without a breaker there are no priorities. */
export function spreadFaults(mesh: LenientMesh): Fault[] {
  if (mesh.locality.distribute !== undefined) return [];
  // A cluster that is drained is to hold its stages again.
  const places = placedUsually(mesh);
  return Object.entries(mesh.services).flatMap(([stage, { circuitBreaker, versions }]) => {
    if (circuitBreaker.enabled) return [];
    const spread = versions.find(({ name }) => placesOf(places, stage, name).length > 1);
    if (spread === undefined) return [];
    const where = placesOf(places, stage, spread.name).join(", ");
    const found = `false, while ${stage} runs in several clusters (${where})`;
    const why = "without a breaker Istio prefers none, and requests would go to all alike";
    const message = `${found}: ${why}; enable it, set locality.distribute, or name one cluster in services.${stage}.clusters`;
    return [{ path: `services.${stage}.circuitBreaker.enabled`, message }];
  });
}

function runsAnywhere(places: readonly Placed[], stage: string, version: string | undefined): boolean {
  return placesOf(places, stage, version).length > 0;
}

/** The clusters that run pods of a version. */
export function placesOf(places: readonly Placed[], stage: string, version: string | undefined): string[] {
  return places
    .filter(({ services }) => services[stage]?.versions.some((one) => one.name === version && hasPods(one)) === true)
    .map(({ cluster }) => cluster.name);
}
