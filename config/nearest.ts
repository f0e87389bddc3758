import { closest, distance } from "fastest-levenshtein";

/** The known word that `word` was probably meant to be, with which it has a letter in common; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word, known);
  const edits = distance(word, best);
  const isNear = edits <= Math.max(2, Math.floor(best.length / 3)) && edits < Math.max(word.length, best.length);
  return isNear ? best : undefined;
}

/** The known word that `word` misses by no more than two letters, however long it is; undefined where there is none. */
export function misspelt(word: string, known: readonly string[]): string | undefined {
  const meant = nearest(word, known);
  return meant !== undefined && distance(word, meant) <= 2 ? meant : undefined;
}

/** The end of a sentence about an unknown word: what was meant, or else what there is to choose from. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  return known.length === 0 ? "nothing is allowed here" : `known are ${known.join(", ")}`;
}
