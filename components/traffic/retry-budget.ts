import type { RetriesConfig } from "../../config/schema.ts";
import type { TrafficPolicy } from "../istio/generated/destination-rule.ts";

/** How many retries a caller may have under way; undefined where it makes none. */
export function retryBudgetOf({ attempts, budget }: RetriesConfig): TrafficPolicy["retryBudget"] {
  return attempts === 0 ? undefined : budget;
}
