import { isStageName } from "../../services/catalogue.ts";
import { reduced } from "../../services/proportions.ts";
import { liveVersions } from "../../services/shadow.ts";
import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";
import { placed } from "./placed.ts";
import { repeated } from "./repeated.ts";

/** Each combination is a route of its own at the gateway, and every request is compared with them one by one. */
const mostCombinations = 32;

/** A destination's weight is a signed number of 32 bits in Istio's API. */
const largestTotal = 2 ** 31 - 1;

/** Dialogues that keep stages which do not run, a stage twice, or more combinations of versions than a gateway should try. */
export function pinFaults({ pins, pipeline, entry, clusters, services }: LenientMesh): Fault[] {
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
  const counts = [...new Set(kept.filter(isStageName))].map((stage) => {
    const service = services[stage];
    return { stage, count: service === undefined ? 1 : liveVersions(service).length };
  });
  const combinations = counts.reduce((product, { count }) => product * count, 1);
  if (combinations > mostCombinations) {
    const factors = counts.map(({ stage, count }) => `${stage} ${count}`).join(" × ");
    const message = `the versions of these stages make ${combinations} combinations (${factors}); at most ${mostCombinations}`;
    faults.push({ path, message });
  }
  const everywhere = [services, ...placed({ clusters, services }).map((there) => there.services)];
  const total = Math.max(...everywhere.map((there) => sharesTotal(kept, { pipeline, entry, services: there })));
  if (total > largestTotal) {
    const message = `the shares of these stages multiply to ${total.toLocaleString("en")} parts, more than Istio can count; use rounder weights or fewer stages`;
    faults.push({ path, message });
  }
  return faults;
}

/** The parts into which the gateway divides new dialogues: the product of what each stage's shares come to. */
function sharesTotal(kept: readonly string[], mesh: Pick<LenientMesh, "pipeline" | "entry" | "services">): number {
  const first = mesh.entry ?? mesh.pipeline[0];
  const stages = new Set([...kept, ...(first === undefined ? [] : [first])]);
  return [...stages].filter(isStageName).reduce((product, stage) => {
    const weights = mesh.services[stage]?.versions.map(({ weight }) => weight) ?? [];
    if (!weights.every((weight) => Number.isInteger(weight) && weight >= 0)) return product;
    return (
      product *
      Math.max(
        1,
        reduced(weights).reduce((sum, weight) => sum + weight, 0),
      )
    );
  }, 1);
}
