import type { RouteDestination } from "./objects.ts";

/** A host of the mesh with the subsets that its DestinationRules define. */
export interface MeshHost<Subset extends string> {
  readonly host: string;
  readonly subsets: readonly Subset[];
  /**
   * A route's destination: a subset, and its share where the route has several.
   *
   * @throws RangeError for a subset that the host does not have
   */
  to(subset: Subset, weight?: number): RouteDestination;
}

/**
 * A host whose routes can name only the subsets that are there. Names written in the program are checked by the
 * compiler, names that come from a stack file when the route is made.
 */
export function meshHost<const Subset extends string>(host: string, subsets: readonly Subset[]): MeshHost<Subset> {
  return {
    host,
    subsets,
    to(subset, weight) {
      if (!subsets.includes(subset)) {
        const known = subsets.length === 0 ? "none" : subsets.join(", ");
        throw new RangeError(`${JSON.stringify(subset)} is no subset of ${host}; it has ${known}`);
      }
      return { destination: { host, subset }, ...(weight !== undefined && { weight }) };
    },
  };
}
