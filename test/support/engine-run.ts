import { destroy, up } from "../../engine/index.ts";
import type { Program } from "../../engine/index.ts";

/*
 * One run of the engine in a process of its own, so that a test can kill it: `node engine-run.ts up|destroy PROGRAM HELM`.
 * It prints each event as a line of JSON.
 */
const [action, program, helm = ""] = process.argv.slice(2);
const run = action === "destroy" ? destroy : up;
const parsed: Program = JSON.parse(program ?? "{}");
await run(parsed, { helm: async () => helm }, (event) => process.stdout.write(`${JSON.stringify(event)}\n`));
