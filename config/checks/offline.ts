import { isStageName } from "../../services/catalogue.ts";
import { offlineSubset } from "../../services/offline.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** What offline work needs for itself, and something else has already: a header, names of subsets. */
export function offlineFaults({ offline, pins, pipeline, entry, services }: LenientMesh): Fault[] {
  if (offline === undefined) return [];
  const faults: Fault[] = [];
  if (pins.testers?.header === offline.header) {
    const message = `${JSON.stringify(offline.header)} is the header of testers; choose another one for either`;
    faults.push({ path: "offline.header", message });
  }
  const reached = entry ?? pipeline[0] ?? "";
  const names = (isStageName(reached) ? services[reached]?.versions : undefined)?.map(({ name }) => name) ?? [];
  names.forEach((name, index) => {
    const other = names.find((version) => version !== undefined && offlineSubset(version) === name);
    if (other === undefined) return;
    const message = `${JSON.stringify(name)} is the subset in which version ${JSON.stringify(other)} does offline work; choose another name`;
    faults.push({ path: `services.${reached}.versions[${index}].name`, message });
  });
  return faults;
}
