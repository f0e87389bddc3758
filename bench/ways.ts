import { table } from "../cli/views/table.ts";
import { formatSpread, spreadOf } from "./spread.ts";

/** One of several ways from nothing to the same end. */
export interface Way {
  readonly name: string;
  up(): Promise<unknown>;
  /** Takes everything away again; not timed. */
  down(): Promise<unknown>;
}

/** A way, and the seconds that it took in each round. */
export interface Timed {
  readonly name: string;
  readonly seconds: readonly number[];
}

/**
 * Goes every way once a round, the first one last in every other round, so that whatever else the machine does falls on all
 * of them.
 *
 * @param reached waits for the end, which is the same for all
 */
export async function inTurns(
  ways: readonly Way[],
  rounds: number,
  reached: () => Promise<void>,
  say: (line: string) => void,
): Promise<Timed[]> {
  const taken = ways.map(({ name }) => ({ name, seconds: Array<number>() }));
  for (let round = 1; round <= rounds; round += 1) {
    const indices = [...ways.keys()];
    for (const index of round % 2 === 1 ? indices : indices.toReversed()) {
      const [way, timed] = [ways[index], taken[index]];
      if (way === undefined || timed === undefined) continue;
      const start = performance.now();
      await way.up();
      await reached();
      const seconds = (performance.now() - start) / 1000;
      timed.seconds.push(seconds);
      say(`round ${round} of ${rounds}: ${way.name} ${seconds.toFixed(1)} s`);
      await way.down();
    }
  }
  return taken;
}

/** Each way's seconds, and its ratio to the last one of the same round. */
export function waysTable(end: string, timed: readonly Timed[]): string {
  const base = timed.at(-1)?.seconds ?? [];
  return table(
    [end, "seconds", "ratio"],
    timed.map(({ name, seconds }) => [
      name,
      formatSpread(spreadOf(seconds), 1),
      formatSpread(spreadOf(seconds.map((value, round) => value / (base[round] ?? Number.NaN))), 2),
    ]),
  );
}
