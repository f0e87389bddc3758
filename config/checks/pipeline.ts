import { isStageName } from "../../services/catalogue.ts";
import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";
import { repeated } from "./repeated.ts";

/** Stages that stand twice, are described without being run, or are run without being described. */
export function pipelineFaults({ mode, pipeline, entry, services }: LenientMesh): Fault[] {
  const faults: Fault[] = repeated(pipeline).map(({ value, index }) => ({
    path: `pipeline[${index}]`,
    message: `${JSON.stringify(value)} is there twice; a stage has one place in the pipeline`,
  }));
  if (mode === "orchestrated" && entry === undefined) {
    faults.push({
      path: "entry",
      message: 'is missing; with mode "orchestrated" it names the stage that calls the others',
    });
  }
  if (mode === "chain" && entry !== undefined) {
    faults.push({ path: "entry", message: 'has no meaning with mode "chain", where users enter at the first stage' });
  }
  // A name that is no stage at all has been named by the schema already.
  const running = new Set((entry === undefined ? pipeline : [...pipeline, entry]).filter(isStageName));
  const complete = pipeline.every(isStageName) && (entry === undefined || isStageName(entry));
  const described = Object.keys(services);
  for (const stage of running) {
    if (!described.includes(stage)) {
      faults.push({ path: `services.${stage}`, message: "is missing; the pipeline has this stage" });
    }
  }
  for (const stage of described) {
    if (complete && isStageName(stage) && !running.has(stage)) {
      faults.push({ path: `services.${stage}`, message: `is not in the pipeline: ${suggestion(stage, [...running])}` });
    }
  }
  return faults;
}
