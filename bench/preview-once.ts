import { preview } from "../engine/index.ts";
import { caseNamed } from "./cases.ts";

/** One preview in a process of its own: node bench/preview-once.ts CASE. Prints how many resources were asked for. */
const plan = await preview(caseNamed(process.argv[2] ?? ""), () => undefined);
console.log(plan.steps.length);
