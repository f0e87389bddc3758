import { EngineFaults } from "../errors.ts";
import { isObject, textAt } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";
import { called } from "./registration.ts";
import type { Registration } from "./registration.ts";
import { isUnknown, revealed, shownUnknown } from "./values.ts";

/** A `kubernetes:helm.sh/v3:Release` as the engine carries it out. */
export interface ReleaseSpec {
  readonly name: string;
  readonly namespace: string;
  /** A chart folder or archive, relative to the program; a name in `repo`; or an `oci://` reference. */
  readonly chart: string;
  readonly repo: string | undefined;
  readonly version: string | undefined;
  /** Values as the SDK sends them, with marks for secrets and unknowns. */
  readonly values: JsonObject;
  readonly createNamespace: boolean;
  readonly skipCrds: boolean;
  readonly skipAwait: boolean;
  readonly waitForJobs: boolean;
  readonly atomic: boolean;
  readonly cleanupOnFail: boolean;
  /** Seconds that helm may take. */
  readonly timeout: number;
  readonly maxHistory: number | undefined;
}

const defaultTimeout = 300;
/* Acted on. */
const properties =
  "name namespace chart repositoryOpts version values createNamespace skipCrds skipAwait waitForJobs atomic " +
  "cleanupOnFail timeout maxHistory";
/* What the SDK itself adds, what only the answer fills, and what asks for what is done anyway. */
const withoutEffect = "compat manifest resourceNames status allowNullValues lint resetValues";
const supported = new Set(`${properties} ${withoutEffect}`.split(" "));

export function releaseSpec(registration: Pick<Registration, "type" | "name" | "inputs">): ReleaseSpec {
  const { inputs } = registration;
  const faults: string[] = [];
  const fault = (text: string) => faults.push(`${called(registration)}: ${text}`);
  for (const [key, value] of Object.entries(inputs)) {
    if (!supported.has(key) && value !== false && value !== null) fault(`property ${key} is not implemented`);
  }
  const repository = revealed(inputs["repositoryOpts"] ?? {});
  if (isObject(repository)) {
    const others = Object.keys(repository).filter((key) => key !== "repo");
    if (others.length > 0) fault(`property repositoryOpts.${others.join(", ")} is not implemented`);
  }
  const text = (key: string): string | undefined => known(inputs[key]);
  if (text("name") === undefined) fault("has no name; names are never made up, give it one");
  if (text("chart") === undefined) fault("has no chart");
  if (faults.length > 0) throw new EngineFaults(faults);
  return {
    name: text("name") ?? "",
    namespace: text("namespace") ?? "default",
    chart: text("chart") ?? "",
    repo: textAt(repository, "repo") || undefined,
    version: text("version"),
    values: isObject(inputs["values"]) ? inputs["values"] : {},
    createNamespace: inputs["createNamespace"] === true,
    skipCrds: inputs["skipCrds"] === true,
    skipAwait: inputs["skipAwait"] === true,
    waitForJobs: inputs["waitForJobs"] === true,
    atomic: inputs["atomic"] === true,
    cleanupOnFail: inputs["cleanupOnFail"] === true,
    timeout: typeof inputs["timeout"] === "number" && inputs["timeout"] > 0 ? inputs["timeout"] : defaultTimeout,
    maxHistory: typeof inputs["maxHistory"] === "number" ? inputs["maxHistory"] : undefined,
  };
}

function known(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (isUnknown(value)) return shownUnknown;
  const clear = revealed(value);
  return typeof clear === "string" && clear !== "" ? clear : undefined;
}
