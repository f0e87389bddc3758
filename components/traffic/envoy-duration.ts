/** A length of time as Envoy's own configuration has it: in seconds alone, `1.5s`. */
export type EnvoyDuration = `${number}s`;

/** @param length in seconds; whole milliseconds count, what multiplying fractions leaves does not */
export function envoyDuration(length: number): EnvoyDuration {
  return `${Math.round(length * 1000) / 1000}s`;
}
