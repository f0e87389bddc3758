import type { Fault } from "../faults.ts";
import type { IstioConfig } from "../schema/istio.ts";
import type { LenientMesh } from "./lenient.ts";

/** The release of Istio whose resources and Helm values the program writes, and that its tests run. */
const writtenFor = "1.31";

/** Charts of a release that does not know all that the program writes. Charts in a folder do not tell theirs. */
export function istioReleaseFaults({ istio: { charts } }: LenientMesh): Fault[] {
  const { version } = charts;
  if (version === undefined || !(comparedWithOurs(version) < 0)) return [];
  const message = `${JSON.stringify(version)} is too old: what the program writes takes Istio ${writtenFor} or newer`;
  return [{ path: "istio.charts.version", message }];
}

/** What is to be said of charts of a release that nobody has tried; undefined where there is nothing. */
export function untestedRelease({ charts }: Pick<IstioConfig, "charts">): string | undefined {
  if (!("version" in charts) || comparedWithOurs(charts.version) === 0) return undefined;
  return `istio.charts.version is ${charts.version}; this program is written and tested for Istio ${writtenFor}`;
}

/** Below zero where a version is of an older minor release, above where of a newer one. NaN for what is no version. */
function comparedWithOurs(version: string): number {
  const [major = NaN, minor = NaN] = version.replace(/^v/, "").split(".").map(Number);
  const [ourMajor = NaN, ourMinor = NaN] = writtenFor.split(".").map(Number);
  return major - ourMajor || minor - ourMinor;
}
