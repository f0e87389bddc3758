const UNITS = { ms: 1, s: 1000, m: 60_000 };

/** Milliseconds in a duration such as "80ms", "1.2s" or "2m"; undefined when the text is no duration. */
export function durationMs(text: string): number | undefined {
  const match = /^(?<amount>\d+(?:\.\d+)?)(?<unit>ms|s|m)$/.exec(text)?.groups;
  if (match?.["unit"] === undefined) return undefined;
  const factor = match["unit"] === "ms" ? UNITS.ms : match["unit"] === "s" ? UNITS.s : UNITS.m;
  return Number(match["amount"]) * factor;
}
