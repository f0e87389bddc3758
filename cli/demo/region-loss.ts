import { setTimeout as pause } from "node:timers/promises";
import { failuresOf } from "./load.ts";
import { PlayedDns } from "./played-dns.ts";
import { servedWhollyIn, shareOf, type ClusterOf } from "./regions.ts";
import { SteadyLoad } from "./steady-load.ts";
import type { Mark, Sample } from "./timeline.ts";

/** What is taken away and given back, and how one sees it. */
export interface Stage {
  /** The cluster whose machines are stopped. */
  readonly region: string;
  /** Where its users come in meanwhile. */
  readonly other: string;
  /** For each cluster, where its ingress gateway takes requests. */
  readonly urls: ReadonlyMap<string, string>;
  readonly clusterOf: ClusterOf;
  /** Learns of pods that were not there before. */
  readonly look: () => Promise<unknown>;
  readonly takeAway: () => Promise<unknown>;
  readonly giveBack: () => Promise<unknown>;
  readonly write: (line: string) => void;
  /** Aborted to end early, with all given back. */
  readonly signal: AbortSignal;
}

/** When what happened, in seconds since the load began. */
export interface Loss {
  readonly region: string;
  readonly lostAt: number;
  /** Its users' requests under way then. */
  readonly underWay: number;
  /** From then on its users come in elsewhere. */
  readonly movedAt: number;
  readonly givenBackAt: number;
  /** From then on its users come in at home again. */
  readonly returnedAt: number;
}

/** So many requests of the users of a region in a row tell of a state. */
export const enough = 40;
/** Milliseconds between two looks, and how many there are before it is given up: five minutes. */
const interval = 250;
const looks = 1200;

/** Takes a region away under load and gives it back, also where something fails in between. */
export async function loseRegion(stage: Stage): Promise<{ loss: Loss; samples: readonly Sample[] }> {
  const { region, other, urls, clusterOf, look, takeAway, giveBack, write, signal } = stage;
  const load = new SteadyLoad(urls);
  const dns = new PlayedDns(load, region, urls.get(region) ?? "", other);
  const own = (since: number) => load.samples.filter(({ users, began }) => users === region && began >= since);
  const until = async (what: string, isSo: () => boolean | Promise<boolean>) => {
    for (let attempt = 0; attempt < looks; attempt += 1) {
      if (signal.aborted) throw new Error("interrupted");
      if (await isSo()) return load.now;
      await pause(interval);
    }
    throw new Error(`${what}, which has not happened`);
  };
  let isAway = false;
  try {
    await until(`users of ${region} are served`, () => own(0).length >= enough);
    isAway = true;
    const underWay = load.underWay(region);
    const lostAt = load.now;
    await takeAway();
    write(`  ${second(lostAt)} ${region} is lost, with ${underWay} requests of its users under way`);
    const movedAt = await until(`users of ${region} come in elsewhere`, () => load.entranceOf(region) === other);
    write(`  ${second(movedAt)} its users come in at ${other}`);
    await until(`users of ${region} are served by ${other}`, () => own(movedAt).length >= enough);
    const givenBackAt = load.now;
    await giveBack();
    isAway = false;
    write(`  ${second(load.now)} its machines are back`);
    const returnedAt = await until(`users of ${region} come in there`, () => load.entranceOf(region) === region);
    write(`  ${second(returnedAt)} its users come in at home`);
    await until(`${region} serves its users again`, async () => {
      await look();
      const last = own(returnedAt).slice(-enough);
      return last.length === enough && last.every(({ result }) => servedWhollyIn(region, result, clusterOf));
    });
    write(`  ${second(load.now)} they are served there`);
    return { loss: { region, lostAt, underWay, movedAt, givenBackAt, returnedAt }, samples: load.samples };
  } finally {
    if (isAway) await giveBack();
    await Promise.all([dns.end(), load.end()]);
  }
}

function second(at: number): string {
  return `${at.toFixed(1).padStart(5)} s`;
}

/** The three stretches of a loss, for the users of each region: how many requests, how many failed, how many were at home. */
export function lossRows(
  samples: readonly Sample[],
  { lostAt, returnedAt }: Loss,
  clusters: readonly string[],
  clusterOf: ClusterOf,
): (string | number)[][] {
  const stretches: [string, number, number][] = [
    ["before", -Infinity, lostAt],
    ["while it is lost", lostAt, returnedAt],
    ["given back", returnedAt, Infinity],
  ];
  return stretches.flatMap(([name, from, to]) =>
    clusters.map((users) => {
      const own = samples.filter((sample) => sample.users === users && sample.ended >= from && sample.ended < to);
      const answered = own.filter(({ result }) => result.failure === undefined);
      const shares = clusters.map((cluster) => {
        const served = answered.filter(({ result }) => servedWhollyIn(cluster, result, clusterOf));
        return shareOf(served.length, answered.length);
      });
      return [name, users, own.length, own.length - answered.length, ...shares];
    }),
  );
}

/** What of a loss a timeline points at. */
export function marksOf({ region, lostAt, givenBackAt, returnedAt }: Loss): Mark[] {
  return [
    { at: lostAt, text: `${region} is lost` },
    { at: givenBackAt, text: "its machines are started again" },
    { at: returnedAt, text: "its users come in at home" },
  ];
}

/**
 * What should not have failed and did: anything but requests of a lost region's users that began before they came in elsewhere
 * and ended after the loss.
 */
export function brokenPromises(samples: readonly Sample[], { region, lostAt, movedAt }: Loss): string[] {
  const mayFail = ({ users, began, ended }: Sample) => users === region && began < movedAt && ended >= lostAt;
  return failuresOf(samples.filter((sample) => !mayFail(sample)).map(({ result }) => result));
}
