import type { Random } from "../../services/simulator/random.ts";

/** A figure, and the interval in which it lies with 95 % confidence. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 2000;

/**
 * A figure taken from blocks, with a bootstrap over them: what it would have been had other blocks of the same kind been
 * seen. A block holds everything measured side by side, so that differences and ratios are taken within blocks.
 *
 * @throws RangeError for no blocks
 */
export function estimate<Block>(
  blocks: readonly Block[],
  figure: (blocks: readonly Block[]) => number,
  random: Random,
): Estimate {
  if (blocks.length === 0) throw new RangeError("nothing follows from no blocks");
  const drawn = Array.from({ length: resamples }, () => figure(blocks.map(() => drawOne(blocks, random))));
  const sorted = drawn.sort((a, b) => a - b);
  return { value: figure(blocks), low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** The middle of some values, between the two middle ones of an even number. NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Items in an order drawn by chance, each order as likely as any other. */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}

/** `0.71 (0.66–0.78)` */
export function formatEstimate({ value, low, high }: Estimate, digits: number): string {
  return `${value.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

function drawOne<Block>(blocks: readonly Block[], random: Random): Block {
  const block = blocks[Math.floor(random() * blocks.length)];
  if (block === undefined) throw new RangeError("a draw from 0 up to 1, 1 excluded, is expected");
  return block;
}
