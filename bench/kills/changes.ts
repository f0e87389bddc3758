import type { Result } from "../../engine/index.ts";

/** What an `up` made, changed or failed at, one text each. */
export function changesOf({ steps }: Pick<Result, "steps">): string[] {
  return steps
    .filter(({ outcome }) => outcome !== "same" && outcome !== "register")
    .map(({ outcome, title, cluster }) => `${outcome} ${title} in ${cluster}`);
}
