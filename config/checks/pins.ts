import { isStageName } from "../../services/catalogue.ts";
import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";
import { repeated } from "./repeated.ts";

/** Each combination is a route of its own at the gateway, and every request is compared with them one by one. */
const mostCombinations = 32;

/** Dialogues that keep stages which do not run, a stage twice, or more combinations of versions than a gateway should try. */
export function pinFaults({ pins, pipeline, entry, services }: LenientMesh): Fault[] {
  const kept = pins.dialogues?.stages ?? [];
  const running = entry === undefined ? pipeline : [...pipeline, entry];
  const path = "pins.dialogues.stages";
  const faults: Fault[] = repeated(kept).map(({ value, index }) => ({
    path: `${path}[${index}]`,
    message: `${JSON.stringify(value)} is there twice`,
  }));
  kept.forEach((stage, index) => {
    if (!isStageName(stage) || running.includes(stage)) return;
    const message = `${JSON.stringify(stage)} is not in the pipeline: ${suggestion(stage, running)}`;
    faults.push({ path: `${path}[${index}]`, message });
  });
  const counts = [...new Set(kept)].map((stage) => ({ stage, count: services[stage]?.versions.length ?? 1 }));
  const combinations = counts.reduce((product, { count }) => product * count, 1);
  if (combinations > mostCombinations) {
    const factors = counts.map(({ stage, count }) => `${stage} ${count}`).join(" × ");
    const message = `the versions of these stages make ${combinations} combinations (${factors}); at most ${mostCombinations}`;
    faults.push({ path, message });
  }
  return faults;
}
