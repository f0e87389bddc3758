/**
 * What is wrong with shares that don't total 100, as the end of a sentence about them: `total 90 (v1 80, v2 10); they must …`.
 * Undefined where nothing is, or one of them is no number, which is named elsewhere.
 */
export function wrongTotal(
  shares: readonly (readonly [name: string | undefined, share: number])[],
): string | undefined {
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  if (!Number.isFinite(total) || total === 100) return undefined;
  const list = shares.map(([name, share]) => `${name ?? "?"} ${share}`).join(", ");
  return `total ${total}${list === "" ? "" : ` (${list})`}; they must total 100`;
}
