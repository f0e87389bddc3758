import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigError } from "../config/faults.ts";
import { isObject, type JsonObject } from "../engine/json.ts";
import type { Planned } from "./views/plan-changes.ts";

const plan = z.object({
  steps: z.array(
    z.object({
      kind: z.enum(["stack", "component", "provider", "object", "patch", "release", "read"]),
      title: z.string(),
      cluster: z.string().optional(),
      inputs: z.custom<JsonObject>(isObject, "must be an object"),
    }),
  ),
});

/**
 * The steps of a plan that `linly-mesh preview --json` wrote.
 *
 * @throws ConfigError when there is no such file or it holds no plan
 */
export function readPlanFile(path: string): readonly Planned[] {
  try {
    return plan.parse(JSON.parse(readFileSync(path, "utf8"))).steps;
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).split("\n")[0] : String(error);
    throw new ConfigError(path, [{ path: "", message: `is no plan of linly-mesh preview --json: ${why}` }]);
  }
}
