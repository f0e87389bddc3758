export type Duration = `${number}${"ms" | "s" | "m" | "h"}`;

const units = [
  ["ms", 0.001],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
] as const;

/** Seconds that a duration stands for. */
export function seconds(duration: Duration): number {
  const unit = units.find(([name]) => duration.endsWith(name));
  return unit === undefined ? Number.NaN : Number.parseFloat(duration) * unit[1];
}

/** A length of time as a stack file and Istio write it, to the millisecond. */
export function durationOf(length: number): Duration {
  return Number.isInteger(length) ? `${length}s` : `${Math.round(length * 1000)}ms`;
}
