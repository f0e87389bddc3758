/** Runs an unmodified Pulumi program over Kubernetes objects and Helm releases without the Pulumi CLI. See docs/engine.md. */
export { EngineError, EngineFaults, EngineRefusal } from "./errors.ts";
export type { Json, JsonObject } from "./json.ts";
export type { Program } from "./program/run.ts";
export { destroy } from "./destroy.ts";
export { up } from "./up.ts";
export type { Options, Result } from "./run.ts";
export { preview } from "./preview.ts";
export type { Plan, PreviewOptions } from "./preview.ts";
export type { PolicyConfig } from "./policy/config.ts";
export type { PolicyPack } from "./policy/pack.ts";
export { PolicyViolations } from "./policy/violation.ts";
export type { Violation } from "./policy/violation.ts";
export { render } from "./render.ts";
export type { Rendered } from "./render.ts";
export { tally, textReporter } from "./report.ts";
export type { Event, Outcome, Reporter, Severity, Step } from "./report.ts";
export { unknownValue } from "./program/values.ts";
