import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** Partitions of a GPU whose profile nobody names, or a profile where none is asked for by its name. */
export function migFaults({ addons: { gpuDevicePlugin } }: LenientMesh): Fault[] {
  const { mig, migProfile, timeSlicing } = gpuDevicePlugin;
  const faults: Fault[] = [];
  if (mig === "mixed" && migProfile === undefined) {
    faults.push({
      path: "addons.gpuDevicePlugin.migProfile",
      message: 'is missing; with mig: mixed it names the profile that stages ask for, such as "1g.10gb"',
    });
  }
  if (mig !== "mixed" && migProfile !== undefined) {
    const message = `${JSON.stringify(migProfile)} has a meaning only with mig: mixed`;
    faults.push({ path: "addons.gpuDevicePlugin.migProfile", message });
  }
  if (mig === "mixed" && timeSlicing !== undefined) {
    faults.push({
      path: "addons.gpuDevicePlugin.timeSlicing",
      message: "shares whole GPUs, and with mig: mixed stages ask for partitions; keep one of the two",
    });
  }
  return faults;
}

/** The device plugin refuses a pod that asks for more than one share: it would be no more GPU than one. */
export function gpuSharingFaults({ addons: { gpuDevicePlugin }, services }: LenientMesh): Fault[] {
  if (gpuDevicePlugin.timeSlicing === undefined) return [];
  return Object.entries(services).flatMap(([stage, { gpus }]) =>
    gpus === undefined || gpus <= 1
      ? []
      : [
          {
            path: `services.${stage}.gpus`,
            message: `${gpus} shares of a GPU are no more than one; with addons.gpuDevicePlugin.timeSlicing it is 1`,
          },
        ],
  );
}

/** A dashboard with nothing to read from. */
export function dashboardFaults({ addons: { grafana, prometheus } }: LenientMesh): Fault[] {
  if (!grafana.install || prometheus.install || prometheus.existing !== undefined) return [];
  const message = "is missing; Grafana, which is installed, reads from a Prometheus: name one, or set grafana.install";
  return [{ path: "addons.prometheus.existing", message: `${message}: false` }];
}
