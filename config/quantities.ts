export { seconds } from "../services/duration.ts";

const memoryUnits: Record<string, number> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Cores that a CPU quantity stands for; NaN for what is no such quantity. */
export function cores(quantity: string): number {
  const [, number = "", milli = ""] = /^([\d.]+)(m?)$/.exec(quantity) ?? [];
  return Number(number || Number.NaN) / (milli === "m" ? 1000 : 1);
}

/** Bytes that a memory quantity stands for; NaN for what is no such quantity. */
export function bytes(quantity: string): number {
  const [, number = "", unit = ""] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  return Number(number || Number.NaN) * (memoryUnits[unit] ?? Number.NaN);
}

/** Hours of a unit in which Prometheus takes retentions. */
const retentionHours: Record<string, number> = { h: 1, d: 24, w: 7 * 24, y: 365 * 24 };

/** Seconds that a retention stands for, such as `15d`; NaN for what is none. */
export function retentionSeconds(text: string): number {
  return Number(text.slice(0, -1)) * (retentionHours[text.slice(-1)] ?? Number.NaN) * 3600;
}
