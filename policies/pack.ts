import { policyOf } from "./policy.ts";
import { rules } from "./rules.ts";

export const name = "linly-mesh-policies";
export const description = "Traps of Kubernetes and Istio that their own validation lets through";

/** One Pulumi policy for each rule, so that each has a name and a level of its own. */
export const policies = rules.map(policyOf);
