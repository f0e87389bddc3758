/** The least, the middle and the greatest of some values. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @throws RangeError for no values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  if (min === undefined || max === undefined || low === undefined || high === undefined) {
    throw new RangeError("there is no spread of no values");
  }
  return { min, median: (low + high) / 2, max };
}

/** `1.20 (1.10–1.45)`: the median, and from the least to the greatest. */
export function formatSpread({ min, median, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

/**
 * How much steeper something grows in its second stretch than in its first: 1 is linear, less is flatter.
 *
 * @param points three, by rising size
 */
export function steepening(points: readonly [Point, Point, Point]): number {
  const [a, b, c] = points;
  const slope = (from: Point, to: Point) => (to.value - from.value) / (to.size - from.size);
  return slope(b, c) / slope(a, b);
}

export interface Point {
  readonly size: number;
  readonly value: number;
}
