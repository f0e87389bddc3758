import { servedBy, unknown, type ClusterOf } from "./regions.ts";
import type { Result } from "./load.ts";

/** One request of a steady load. Times in seconds since it began. */
export interface Sample {
  /** Whose request it is: the cluster at whose ingress these users are at home. */
  readonly users: string;
  /** The cluster at whose ingress it came in. */
  readonly entrance: string;
  readonly began: number;
  readonly ended: number;
  readonly result: Result;
}

/** Something that happened, in seconds since the load began. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

/** What a second was: nobody's request ended in it, or of several clusters each served some. */
const nothing = "·";
const several = "*";

/**
 * A load second by second: for the users of each region where they came in, who did each stage, how many requests failed.
 * A column is a second by which requests ended, a letter the cluster.
 */
export function timeline(
  samples: readonly Sample[],
  stages: readonly string[],
  clusters: readonly string[],
  marks: readonly Mark[],
  clusterOf: ClusterOf,
): string[] {
  const letters = lettersOf(clusters);
  const seconds = Math.floor(Math.max(0, ...samples.map(({ ended }) => ended))) + 1;
  const columns = (of: readonly Sample[], cell: (samples: readonly Sample[]) => string) =>
    Array.from({ length: seconds }, (_, second) => cell(of.filter(({ ended }) => Math.floor(ended) === second))).join(
      "",
    );
  const names = [...stages, "came in at", "failed"];
  const width = Math.max(...names.map((name) => name.length)) + 4;
  const line = (name: string, text: string) => `  ${name.padEnd(width)}${text}`;
  const ofPlaces = (places: readonly (string | undefined)[]) => {
    const known = [...new Set(places.flatMap((place) => (place === undefined ? [] : (letters.get(place) ?? unknown))))];
    return known.length > 1 ? several : (known[0] ?? nothing);
  };
  return [
    line("", scale(seconds)),
    ...clusters.flatMap((users) => {
      const own = samples.filter((sample) => sample.users === users);
      return [
        `  users of ${users}`,
        line(
          "  came in at",
          columns(own, (at) => ofPlaces(at.map(({ entrance }) => entrance))),
        ),
        ...stages.map((stage) =>
          line(
            `  ${stage}`,
            columns(own, (at) =>
              ofPlaces(
                at
                  .filter(({ result }) => result.failure === undefined)
                  .map(({ result }) => servedBy(result, stage, clusterOf)),
              ),
            ),
          ),
        ),
        line(
          "  failed",
          columns(own, (at) => digit(at.filter(({ result }) => result.failure !== undefined).length)),
        ),
      ];
    }),
    ...marks.map(({ at, text }) => line("", `${" ".repeat(Math.floor(at))}↑ ${text}`)),
    "",
    `  ${[...letters].map(([cluster, letter]) => `${letter} ${cluster}`).join(", ")}, ${several} some here, some there, ${nothing} none ended in that second`,
  ];
}

/** A letter for each cluster: its first, or its place in the alphabet where two begin alike. */
function lettersOf(clusters: readonly string[]): Map<string, string> {
  const first = clusters.map((cluster) => cluster.charAt(0).toUpperCase());
  const alike = new Set(first).size < first.length;
  return new Map(
    clusters.map((cluster, index) => [cluster, alike ? String.fromCharCode(65 + index) : (first[index] ?? "")]),
  );
}

function digit(count: number): string {
  return count === 0 ? nothing : count > 9 ? "+" : String(count);
}

/** `0         10        20`: where each ten seconds begin. */
function scale(seconds: number): string {
  const tens = Array.from({ length: Math.ceil(seconds / 10) }, (_, ten) => String(10 * ten).padEnd(10));
  return tens.join("").trimEnd();
}
