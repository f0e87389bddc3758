import { setTimeout } from "node:timers/promises";
import type { Random } from "../../services/simulator/random.ts";
import { shuffled } from "./confidence.ts";
import { Container } from "./container.ts";
import type { Kubectl, Pod } from "./kubectl.ts";
import { send, urlOf } from "./send.ts";
import { namespaces, setups, type Setup } from "./setups.ts";

/** A load, and where it goes. */
export interface Load {
  readonly name: string;
  /** The stage that sends; its own sidecar is the first on the way. */
  readonly from: "asr" | "tts";
  readonly to: "llm" | "face";
  /** Steps from a stage to the next one, each with the sidecar of either. */
  readonly hops: number;
  readonly connections: number;
  /** Requests a second, or 0 for as many as are answered. */
  readonly rate: number;
}

const oneHop = { from: "tts", to: "face", hops: 1 } as const;
export const loads = {
  one: { name: "one client", ...oneHop, connections: 1, rate: 0 },
  open: { name: "500 requests a second", ...oneHop, connections: 16, rate: 500 },
  eight: { name: "eight clients", ...oneHop, connections: 8, rate: 0 },
  chain: { name: "one client, three hops", from: "asr", to: "llm", hops: 3, connections: 1, rate: 0 },
} as const satisfies Record<string, Load>;
export type LoadName = keyof typeof loads;
export const loadNames: readonly LoadName[] = ["one", "open", "eight", "chain"];

const ports = { llm: 8002, face: 8003 } as const;

/** What one load came to. Microseconds, but for the rate. */
export interface Sample {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Requests a second that were answered. */
  readonly rate: number;
  /** CPU that the sidecars on the way took for a request; 0 where there are none. */
  readonly cpu: number;
}

/** Everything measured side by side, once. */
export type Block = Record<Setup, Record<LoadName, Sample>>;

/** Pods of a setup, by the stage that runs in them. */
export type Stages = ReadonlyMap<string, Pod>;

/** Each setup with each load, in an order drawn by chance. */
export async function measureBlock(
  kubectl: Kubectl,
  stages: Readonly<Record<Setup, Stages>>,
  seconds: number,
  random: Random,
): Promise<Block> {
  const samples = new Map<string, Sample>();
  for (const setup of shuffled(setups, random))
    for (const load of shuffled(loadNames, random))
      samples.set(`${setup} ${load}`, await measure(kubectl, setup, stages[setup], loads[load], seconds));
  const sampleOf = (setup: Setup, load: LoadName): Sample => {
    const sample = samples.get(`${setup} ${load}`);
    if (sample === undefined) throw new Error(`${setup} was not measured with ${load}`);
    return sample;
  };
  const samplesOf = (setup: Setup) => ({
    one: sampleOf(setup, "one"),
    open: sampleOf(setup, "open"),
    eight: sampleOf(setup, "eight"),
    chain: sampleOf(setup, "chain"),
  });
  return {
    without: samplesOf("without"),
    defaults: samplesOf("defaults"),
    ours: samplesOf("ours"),
    layer4: samplesOf("layer4"),
  };
}

async function measure(kubectl: Kubectl, setup: Setup, stages: Stages, load: Load, seconds: number): Promise<Sample> {
  const { from, to, connections, rate } = load;
  const client = { pod: podOf(stages, from), container: from };
  const url = urlOf(to, ports[to], namespaces[setup]);
  const sidecars = await sidecarsOn(stages, load);
  // What ended just before may still be cleaned up after.
  await setTimeout(100);
  const before = cpuOf(sidecars);
  const { requests, ...sent } = await send(kubectl, client, url, { connections, rate, seconds });
  return { ...sent, cpu: (cpuOf(sidecars) - before) / requests };
}

async function sidecarsOn(stages: Stages, { from, hops }: Load): Promise<Container[]> {
  const way = hops === 1 ? [from, "face"] : ["asr", "llm", "tts", "face"];
  const ids = way.flatMap((stage) => podOf(stages, stage).sidecar ?? []);
  return Promise.all(ids.map((id) => Container.of("local", id)));
}

function cpuOf(containers: readonly Container[]): number {
  return containers.reduce((sum, container) => sum + container.cpu(), 0);
}

export function podOf(stages: Stages, stage: string): Pod {
  const pod = stages.get(stage);
  if (pod === undefined) throw new Error(`no pod of ${stage}`);
  return pod;
}
