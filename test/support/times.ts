import { relative } from "node:path";

/** A file of tests that has ended, as Vitest's JSON report tells it: milliseconds since 1970, hooks left out. */
export interface EndedFile {
  readonly name: string;
  readonly endTime: number;
}

export interface Spent {
  readonly name: string;
  readonly seconds: number;
}

/**
 * How long each file of a layer took whose files run one after the other, from the end of the one before: what a hook
 * takes after the last test of a file counts for the next one. `begun` is when the layer began, in milliseconds.
 */
export function timesOf(files: readonly EndedFile[], begun: number, root: string): Spent[] {
  let last = begun;
  return files
    .toSorted((a, b) => a.endTime - b.endTime)
    .map(({ name, endTime }) => {
      const seconds = Math.max(0, endTime - last) / 1000;
      last = Math.max(last, endTime);
      return { name: relative(root, name), seconds };
    });
}

/** The longest first, so many of them, with what each took. */
export function longest(spent: readonly Spent[], count: number): string[] {
  return spent
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ name, seconds }) => `${seconds.toFixed(0).padStart(6)} s  ${name}`);
}
