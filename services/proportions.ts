/** The same proportions in the smallest whole numbers: 90, 10 → 9, 1. Nothing but zeros stays as it is. */
export function reduced(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  return divisor === 0 ? [...weights] : weights.map((weight) => weight / divisor);
}

/** The same proportions in percent where whole percents can say them, else in the smallest whole numbers. */
export function inPercent(weights: readonly number[]): number[] {
  const smallest = reduced(weights);
  const total = smallest.reduce((sum, weight) => sum + weight, 0);
  return total > 0 && 100 % total === 0 ? smallest.map((weight) => (weight * 100) / total) : smallest;
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
