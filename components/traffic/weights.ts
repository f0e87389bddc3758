import { meshHost, type MeshHost } from "../istio/mesh-host.ts";

/** A version and its share of a service's requests, in percent. */
export interface WeightedVersion {
  readonly name: string;
  readonly weight: number;
}

/**
 * The versions that take traffic, in the order given, with weights that total 100. A version of weight 0 keeps its
 * subset, so that it can be given a share at any time, but the route does not name it.
 *
 * @throws RangeError when the weights do not total 100: a route may not be built from them
 */
export function routedVersions(versions: readonly WeightedVersion[]): WeightedVersion[] {
  const total = versions.reduce((sum, { weight }) => sum + weight, 0);
  if (total !== 100) throw new RangeError(`weights total ${total}; they must total 100`);
  return versions.filter(({ weight }) => weight > 0).map(({ name, weight }) => ({ name, weight }));
}

/** A host with a subset for each version, by whose handle no route can name another. */
export function hostOfVersions(host: string, versions: readonly WeightedVersion[]): MeshHost<string> {
  return meshHost(
    host,
    versions.map(({ name }) => name),
  );
}
