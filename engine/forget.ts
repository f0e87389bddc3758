import type { ClusterRecord } from "./cluster/record.ts";

/** What is known of clusters when some of them are asked to be forgotten. */
export interface Forgettable {
  /** Names that were given. */
  readonly asked: readonly string[];
  /** Clusters that may not be forgotten, by name, and why: `is named by the program; …`. */
  readonly kept: ReadonlyMap<string, string>;
  /** Clusters that the program no longer names. */
  readonly left: readonly ClusterRecord[];
  /** Names of those, beside them, that may be forgotten. */
  readonly others: readonly string[];
}

/** Which of the clusters that left are to be forgotten, and what is wrong with the names that were given. */
export function toForget({ asked, kept, left, others }: Forgettable): { forget: ClusterRecord[]; faults: string[] } {
  const forget: ClusterRecord[] = [];
  const faults: string[] = [];
  for (const name of new Set(asked)) {
    const meant = left.filter((record) => record.name === name);
    forget.push(...meant);
    if (meant.length > 0 || others.includes(name)) continue;
    const reason = kept.get(name);
    faults.push(`cluster ${name} can't be forgotten: ${reason ?? `there is none of this name; ${choice()}`}`);
  }
  return { forget, faults };

  function choice(): string {
    const names = [...new Set([...left.map((record) => record.name), ...others])].sort();
    return names.length === 0 ? "there is none to forget" : `it could be ${names.join(", ")}`;
  }
}
