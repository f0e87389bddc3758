import { isStageName } from "../../services/catalogue.ts";
import { durationOf, seconds } from "../../services/duration.ts";
import { limitsOf, limitsOfCallers, type Limits } from "../../services/limits.ts";
import { edgesOf } from "../../services/pipeline.ts";
import type { Fault } from "../faults.ts";
import { engineOf } from "./engines.ts";
import type { LenientMesh } from "./lenient.ts";

const classes: readonly (keyof Limits)[] = ["realtime", "offline"];

/** Edges of the pipeline whose caller gives up while the called stage may still be at work, which nobody then waits for. */
export function timeoutFaults(mesh: LenientMesh): Fault[] {
  const limits = limitsIn(mesh);
  return edgesIn(mesh).flatMap(({ from, to }) => {
    const [caller, called] = [limits(from), limits(to)];
    // At layer 4 nobody but the caller itself sees a request begin or end.
    if (caller === undefined || called === undefined || mesh.services[to]?.appProtocol === "tcp") return [];
    return classes
      .filter((kind) => called[kind] > caller[kind])
      .map((kind) => {
        const [until, longest] = [durationOf(caller[kind]), durationOf(called[kind])];
        const found = `${from} is given up after ${until}, while ${to}, which it calls, may take ${longest}`;
        const fix = `set at most ${until} here, or more for services.${from}.timeouts.${kind}`;
        return { path: `services.${to}.timeouts.${kind}`, message: `${found}: ${fix}` };
      });
  });
}

/** Tries that do not fit into the time that a request has: the last ones would never be made. */
export function tryFaults(mesh: LenientMesh): Fault[] {
  const limits = limitsIn(mesh);
  return Object.entries(mesh.services).flatMap(([stage, { appProtocol, retries, timeouts }]) => {
    const whole = limits(stage)?.realtime;
    if (whole === undefined) return [];
    if (retries.attempts === 0 && retries.perTryTimeout !== undefined && appProtocol !== "tcp") {
      const message = "has no meaning with attempts: 0, where a request has the one try: set timeouts.realtime";
      return [{ path: `services.${stage}.retries.perTryTimeout`, message }];
    }
    // Connections into which nobody looks are made once.
    const tries = appProtocol === "tcp" ? 1 : retries.attempts + 1;
    const each = { "retries.perTryTimeout": retries.perTryTimeout, "timeouts.connect": timeouts.connect };
    return Object.entries(each)
      .filter(([, time]) => time !== undefined && tries * seconds(time) > whole)
      .map(([key, time]) => {
        const found = `${tries} ${tries === 1 ? "try" : "tries"} of ${time} do not fit into ${durationOf(whole)}`;
        const message = `${found}, the time of a request: try fewer times or for less time each, or raise timeouts.realtime`;
        return { path: `services.${stage}.${key}`, message };
      });
  });
}

/** The limits of each stage; undefined where the stage or its engine is none, which is named elsewhere. */
function limitsIn(mesh: LenientMesh): (stage: string) => Limits | undefined {
  const edges = edgesIn(mesh);
  const limits = (stage: string): Limits | undefined => {
    const service = mesh.services[stage];
    const engine = engineOf(stage, service);
    if (engine === undefined) return undefined;
    const called = edges.flatMap(({ from, to }) => (from === stage ? (limits(to) ?? []) : []));
    const within = limitsOfCallers<string>(stage, edges, (caller) => mesh.services[caller]?.timeouts);
    return limitsOf(engine, service?.timeouts, called, within);
  };
  return limits;
}

function edgesIn({ mode, pipeline, entry }: LenientMesh) {
  // A stage that stands twice is named elsewhere; here it would call itself.
  const order = [...new Set(pipeline.filter(isStageName))];
  if (mode === "chain") return edgesOf({ mode, order });
  if (mode !== "orchestrated" || entry === undefined || !isStageName(entry)) return [];
  return edgesOf({ mode, entry, order });
}
