import type { JsonObject } from "./json.ts";
import { textOf } from "./policy/violation.ts";
import type { Violation } from "./policy/violation.ts";

export type Severity = "info" | "warning" | "error";

/**
 * What happened, or in a preview would happen, to a resource: `register` for what is only a name to the engine
 * (components, providers, the stack), `read` for what the program only looks at, `retain` for what left the program and
 * stays, `release` for a Patch that left it.
 */
export type Outcome =
  "create" | "update" | "same" | "replace" | "delete" | "retain" | "release" | "register" | "read" | "apply" | "failed";

/** One resource of a run. */
export interface Step {
  readonly urn: string;
  /** Pulumi's type, e.g. `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  /** Pulumi's name of the resource. */
  readonly name: string;
  readonly kind: "stack" | "component" | "provider" | "object" | "patch" | "release" | "read";
  /** URN of the parent, empty for the stack. */
  readonly parent: string;
  /** Name of the provider that it goes through, which names the cluster. */
  readonly cluster?: string;
  /** How a person would call it: `Deployment linly/llm-v1`. */
  readonly title: string;
  readonly outcome: Outcome;
  /** Inputs, or of an object its manifest: secrets and unknowns are marks. */
  readonly inputs: JsonObject;
}

/** What a run tells as it goes. Every text is free of secrets. */
export type Event =
  // What came of the step is not known yet: its outcome is `register`, or `apply` in a preview.
  | { readonly type: "start"; readonly step: Step }
  | { readonly type: "done"; readonly step: Step; readonly seconds: number }
  | { readonly type: "waiting"; readonly cluster: string; readonly title: string; readonly reason: string }
  // A mandatory one makes the run fail as well, with the same text.
  | { readonly type: "violation"; readonly violation: Violation }
  | { readonly type: "log"; readonly severity: Severity; readonly text: string; readonly urn: string };

export type Reporter = (event: Event) => void;

const signs: Record<Outcome, string> = {
  create: "+",
  update: "~",
  replace: "±",
  delete: "-",
  same: " ",
  retain: " ",
  release: "-",
  register: " ",
  read: " ",
  apply: "+",
  failed: "!",
};

const words: Record<Outcome, string> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  same: "unchanged",
  retain: "left in place",
  release: "released",
  register: "registered",
  read: "read",
  apply: "to apply",
  failed: "failed",
};

/**
 * A reporter that writes one line for each object when it is done: `+ Deployment linly/llm-v1  created  3.2 s`. Of a program
 * for several clusters each line names its own: `+ east: Deployment linly/llm-v1  created  3.2 s`.
 */
export function textReporter(write: (line: string) => void, { severalClusters = false } = {}): Reporter {
  const where = (cluster: string | undefined) => (severalClusters && cluster !== undefined ? `${cluster}: ` : "");
  return (event) => {
    if (event.type === "done" && event.step.outcome !== "register") {
      const { outcome, cluster } = event.step;
      const title = `${where(cluster)}${event.step.title}`;
      const time = ["apply", "same", "read"].includes(outcome) ? "" : `  ${event.seconds.toFixed(1)} s`;
      write(`${signs[outcome]} ${title}  ${words[outcome]}${time}`);
    }
    if (event.type === "waiting") write(`  ${where(event.cluster)}${event.title}  waiting: ${event.reason}`);
    // The error that ends the run lists the mandatory ones.
    if (event.type === "violation" && event.violation.level === "advisory") {
      write(`warning: ${textOf(event.violation)}`);
    }
    if (event.type === "log") {
      write(event.severity === "info" ? event.text : `${event.severity}: ${event.text}`);
    }
  };
}

/** `3 created, 1 updated, 14 unchanged`: what came of a run, in the order of the outcomes above. */
export function tally(steps: readonly Step[]): string {
  const counts = Object.entries(words)
    .map(([outcome, word]) => ({ word, count: steps.filter((step) => step.outcome === outcome).length }))
    .filter(({ word, count }) => count > 0 && word !== words.register);
  return counts.length === 0 ? "nothing" : counts.map(({ word, count }) => `${count} ${word}`).join(", ");
}
