import { closest, distance } from "fastest-levenshtein";

/** `: did you mean "v2"?` where a known word is near, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const best = closest(word, known);
  return distance(word, best) <= Math.max(2, Math.floor(best.length / 3)) ? `: did you mean "${best}"?` : "";
}
