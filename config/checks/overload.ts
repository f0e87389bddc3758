import type { Fault } from "../faults.ts";
import { seconds } from "../quantities.ts";
import { duration } from "../scalars.ts";
import type { LenientMesh } from "./lenient.ts";

/** Limits of which one never comes to bear. */
export function overloadFaults({ ingress }: LenientMesh): Fault[] {
  const faults: Fault[] = [];
  const one = perSecond(ingress.clientLimit);
  const all = perSecond(ingress.limit);
  if (one !== undefined && all !== undefined && one > all) {
    const message = `lets one client send ${shown(one)} requests a second, more than ingress.limit takes of all, ${shown(all)}; it must be less`;
    faults.push({ path: "ingress.clientLimit", message });
  }
  return faults;
}

function perSecond(limit: LenientMesh["ingress"]["limit"]): number | undefined {
  const interval = duration.safeParse(limit?.interval ?? "1s");
  if (limit?.requests === undefined || !interval.success || seconds(interval.data) === 0) return undefined;
  return limit.requests / seconds(interval.data);
}

function shown(rate: number): string {
  return String(Math.round(rate * 100) / 100);
}
