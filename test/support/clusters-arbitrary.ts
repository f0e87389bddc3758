import fc from "fast-check";
import { merged, name, optional } from "./arbitrary-parts.ts";

/** Clusters, and what may be said of services by them. */
export interface ClusterSet {
  /** Keys of the mesh: its topology, its clusters, how they share requests. */
  readonly mesh: object;
  /** How many have a control plane. */
  readonly primaries: number;
  readonly names: readonly string[];
  /** Those that run stages. */
  readonly running: readonly string[];
}

const known = optional("kubernetesVersion", fc.constant("1.36"));

export const oneCluster: fc.Arbitrary<ClusterSet> = fc
  .tuple(name(40), name(20), name(20), known)
  .map(([cluster, network, region, rest]) => ({
    mesh: { clusters: [{ name: cluster, network, region, ...rest }] },
    primaries: 1,
    names: [cluster],
    running: [cluster],
  }));

const eastWestGateway = fc.constantFrom<object>(
  { address: "203.0.113.7" },
  { address: "east.example.com" },
  { annotations: { "example.com/internal": "true" }, sourceRanges: ["10.0.0.0/8"] },
);

const details = merged(
  known,
  optional("eastWestGateway", eastWestGateway),
  optional("readerToken", fc.constantFrom("1", "2026-11")),
  optional("intermediate", fc.constant("2")),
  optional("zones", fc.constantFrom(["a"], ["a", "b"])),
);

/** Each a network of its own, or all on one, whose pods are then told apart. */
const networks = fc.constantFrom("own", "shared", "two");

function networkOf(kind: string, index: number): object {
  const podCidrs = [`10.${index}.0.0/16`];
  if (kind === "own") return { network: `n${index}` };
  return { network: kind === "shared" ? "n" : `n${index % 2}`, podCidrs };
}

export const severalClusters: fc.Arbitrary<ClusterSet> = fc.integer({ min: 2, max: 4 }).chain((count) =>
  fc
    .record({
      names: fc.uniqueArray(name(40), { minLength: count, maxLength: count }),
      regions: fc.uniqueArray(name(20), { minLength: count, maxLength: count }),
      remotes: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      rest: fc.array(details, { minLength: count, maxLength: count }),
      network: networks,
      drained: fc.option(fc.integer({ min: 0, max: count - 1 }), { nil: undefined }),
      shared: fc.boolean(),
    })
    .map(({ names, regions, remotes, rest, network, drained, shared }) => {
      // The first cluster has a control plane, which serves those that have none.
      const isRemote = (index: number) => index > 0 && remotes[index] === true;
      const clusters = names.map((cluster, index) => ({
        name: cluster,
        context: `context-${index}`,
        apiServer: `https://api-${index}.example.com:6443`,
        region: regions[index],
        ...networkOf(network, index),
        ...rest[index],
        ...(isRemote(index) && { role: "remote", primary: names[0] }),
        ...(drained === index && { drained: true }),
      }));
      const served = names.filter((_, index) => isRemote(index)).length;
      const [first = "", ...others] = regions;
      // Callers of one region send every other one a percent, and keep the rest.
      const to = { ...Object.fromEntries(others.map((region) => [region, 1])), [first]: 100 - others.length };
      return {
        mesh: {
          topology: served > 0 ? "primary-remote" : "multi-primary",
          clusters,
          ...(shared && { locality: { distribute: { [first]: to } } }),
        },
        primaries: count - served,
        names,
        running: names.filter((_, index) => index !== drained),
      };
    }),
);

/** The clusters that run a service: all, or some, of which one is not drained. */
export function placement({ names, running }: ClusterSet): fc.Arbitrary<{ readonly clusters?: readonly string[] }> {
  if (names.length === 1) return fc.constant({});
  return fc.oneof(
    fc.constant({}),
    fc
      .tuple(fc.constantFrom(...running), fc.subarray([...names]))
      .map(([one, more]) => ({ clusters: [...new Set([one, ...more])] })),
  );
}

interface Weighted {
  readonly weight: number;
}

/**
 * What differs in one of several clusters: who gets which share, of those that get one, and how many pods there are.
 *
 * @param clusters those that run the service
 */
export function inClusters<Version extends Weighted>(
  versions: readonly Version[],
  { names }: ClusterSet,
  clusters: readonly string[] = names,
): fc.Arbitrary<readonly Version[]> {
  if (names.length === 1) return fc.constant(versions);
  const shares = versions.map(({ weight }) => weight).filter((weight) => weight > 0);
  const size = fc.constantFrom<object>({}, { replicas: 2 }, { autoscaling: { min: 1, max: 3, cpu: 50 } });
  return fc
    .record({
      weighing: fc.option(fc.constantFrom(...names), { nil: undefined }),
      sized: fc.constantFrom(...clusters),
      sizes: fc.array(size, { minLength: versions.length, maxLength: versions.length }),
    })
    .map(({ weighing, sized, sizes }) => {
      const left = [...shares];
      return versions.map((version, index) => {
        const weight = version.weight > 0 ? (left.pop() ?? 0) : 0;
        // Who asks nothing of a version need run no pods of it.
        const own = version.weight === 0 && index % 2 === 1 ? { replicas: 0 } : sizes[index];
        const there = {
          ...(weighing !== undefined && { [weighing]: { weight } }),
          [sized]: { ...own, ...(weighing === sized && { weight }) },
        };
        return { ...version, clusters: there };
      });
    });
}
