import { setTimeout } from "node:timers/promises";
import { table } from "../../cli/views/table.ts";
import type { Random } from "../../services/simulator/random.ts";
import { estimate, formatEstimate, median, shuffled, type Estimate } from "../overhead/confidence.ts";
import type { Sent } from "../overhead/send.ts";
import { crossingWays, type CrossingWay } from "./crossing-mesh.ts";

/** Each sends its next request when the last one is answered. */
export const clients = { one: 1, eight: 8 } as const;
export type Clients = keyof typeof clients;
export const clientNames: readonly Clients[] = ["one", "eight"];

/** Both ways side by side, once. */
export type CrossingBlock = Readonly<Record<CrossingWay, Readonly<Record<Clients, Sent>>>>;

/** Each way with each number of clients, in an order drawn by chance. */
export async function measureCrossings(
  sent: (way: CrossingWay, connections: number) => Promise<Sent>,
  random: Random,
): Promise<CrossingBlock> {
  const taken = new Map<string, Sent>();
  const cases = crossingWays.flatMap((way) => clientNames.map((count) => ({ way, count })));
  for (const { way, count } of shuffled(cases, random)) {
    // What ended just before may still be cleaned up after.
    await setTimeout(100);
    taken.set(`${way} ${count}`, await sent(way, clients[count]));
  }
  const of = (way: CrossingWay, count: Clients): Sent => {
    const found = taken.get(`${way} ${count}`);
    if (found === undefined) throw new Error(`${way} was not measured with ${count}`);
    return found;
  };
  const ofWay = (way: CrossingWay) => ({ one: of(way, "one"), eight: of(way, "eight") });
  return { direct: ofWay("direct"), crossing: ofWay("crossing") };
}

/** What a way through the gateways comes to beside the one without: of each figure the middle of the ratios within blocks. */
export function crossingRatio(
  blocks: readonly CrossingBlock[],
  count: Clients,
  figure: keyof Sent,
  random: Random,
): Estimate {
  const ratio = ({ direct, crossing }: CrossingBlock) => crossing[count][figure] / direct[count][figure];
  return estimate(blocks, (drawn) => median(drawn.map(ratio)), random);
}

/** What the blocks say, as a person reads it: a table for each number of clients. */
export function crossingsReport(blocks: readonly CrossingBlock[], random: Random): string {
  const figures = ["p50", "p90", "p99", "rate"] as const;
  return clientNames
    .map((count) => {
      const row = (name: string, of: (block: CrossingBlock, figure: keyof Sent) => number) => [
        name,
        ...figures.map((figure) =>
          formatEstimate(
            estimate(blocks, (drawn) => median(drawn.map((block) => of(block, figure))), random),
            0,
          ),
        ),
      ];
      return table(
        [`clients: ${clients[count]}`, "P50, µs", "P90, µs", "P99, µs", "requests/s"],
        [
          row("direct", ({ direct }, figure) => direct[count][figure]),
          row("through the east-west gateway", ({ crossing }, figure) => crossing[count][figure]),
          row("more", ({ direct, crossing }, figure) => crossing[count][figure] - direct[count][figure]),
          ["ratio", ...figures.map((figure) => formatEstimate(crossingRatio(blocks, count, figure, random), 2))],
        ],
      );
    })
    .join("\n\n");
}
