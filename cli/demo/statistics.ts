/** A share with the interval in which it lies with the given confidence. All three are ratios from 0 to 1. */
export interface Share {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval for `hits` of `total`.
 *
 * @param z half-width in standard deviations; 1.96 gives 95 %
 */
export function wilson(hits: number, total: number, z = 1.96): Share {
  if (total === 0) return { share: 0, low: 0, high: 1 };
  const share = hits / total;
  const z2 = z * z;
  const centre = (share + z2 / (2 * total)) / (1 + z2 / total);
  const half = (z / (1 + z2 / total)) * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total));
  return { share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** The counts that a share of `probability` may show in `total` requests, `deviations` standard deviations to each side. */
export function expectedCount(probability: number, total: number, deviations: number): { low: number; high: number } {
  const mean = probability * total;
  const half = deviations * Math.sqrt(total * probability * (1 - probability));
  return { low: Math.floor(mean - half), high: Math.ceil(mean + half) };
}

/** The value below which `percent` per cent of `values` lie (nearest rank); NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
