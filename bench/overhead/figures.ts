import type { Random } from "../../services/simulator/random.ts";
import { loads, type Block, type LoadName, type Sample } from "./blocks.ts";
import { estimate, median, type Estimate } from "./confidence.ts";
import type { Setup } from "./setups.ts";

/** A setup that has sidecars. */
export type Meshed = Exclude<Setup, "without">;

/** A duration of a load, by the share of requests that took no longer. */
export type Share = "p50" | "p90" | "p99";

/** Microseconds that the sidecars add to a hop, beside the same load without a mesh in the same block. */
export function addedPerHop(blocks: readonly Block[], setup: Meshed, load: LoadName, share: Share): number {
  return median(blocks.map((block) => block[setup][load][share] - block.without[load][share])) / loads[load].hops;
}

/** The middle of a figure over blocks. */
export function middle(blocks: readonly Block[], setup: Setup, load: LoadName, figure: keyof Sample): number {
  return median(blocks.map((block) => block[setup][load][figure]));
}

/** What is to be reached beside Istio's defaults, and what was. */
export interface Judged {
  readonly what: string;
  readonly ratio: Estimate;
  readonly target: string;
  readonly isMet: boolean;
  /** The same ratio of the stages at layer 4, for whom it is no target. */
  readonly layer4: Estimate;
}

/**
 * The ratios to Istio's defaults that there are targets for. One is met where the whole interval is: what could as well
 * be chance is not claimed.
 */
export function judged(blocks: readonly Block[], random: Random): Judged[] {
  type Figure = (blocks: readonly Block[], setup: Meshed) => number;
  const ratioOf = (setup: Meshed, figure: Figure) =>
    estimate(blocks, (drawn) => figure(drawn, setup) / figure(drawn, "defaults"), random);
  const judge = (what: string, target: string, meets: (ratio: Estimate) => boolean, figure: Figure): Judged => {
    const ratio = ratioOf("ours", figure);
    return { what, ratio, target, isMet: meets(ratio), layer4: ratioOf("layer4", figure) };
  };
  const atMost = (what: string, most: number, figure: Figure) =>
    judge(what, `at most ${most}`, ({ high }) => high <= most, figure);
  const atLeast = (what: string, least: number, figure: Figure) =>
    judge(what, `at least ${least}`, ({ low }) => low >= least, figure);
  const names: readonly LoadName[] = ["one", "open", "eight"];
  return [
    ...names.map((load) =>
      atMost(`added P99, ${loads[load].name}`, 0.75, (drawn, setup) => addedPerHop(drawn, setup, load, "p99")),
    ),
    ...names.map((load) =>
      atMost(`CPU of sidecars per request, ${loads[load].name}`, 0.75, (drawn, setup) =>
        middle(drawn, setup, load, "cpu"),
      ),
    ),
    atLeast("requests/s, eight clients", 1.3, (drawn, setup) => middle(drawn, setup, "eight", "rate")),
  ];
}
