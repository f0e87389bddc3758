import { stageNames } from "../../services/catalogue.ts";
import { serviceName } from "../../services/stage.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** An uploader that others are too: whoever has its account may change models. */
export function uploaderFaults({ namespace, modelUploader }: LenientMesh): Fault[] {
  const { namespace: home, serviceAccount: account } = modelUploader;
  const stages = stageNames.map((name) => serviceName({ name }));
  const others: readonly (readonly [is: boolean, whose: string])[] = [
    [account === "default", "of every pod that names none"],
    [home === "istio-ingress" && account === "istio-ingress", "of the ingress gateway, and so of every user"],
    [home === namespace && [...stages, ...stages.map((stage) => `${stage}-shadow`)].includes(account), "of a stage"],
  ];
  return others
    .filter(([is]) => is)
    .map(([, whose]) => ({
      path: "modelUploader.serviceAccount",
      message: `${JSON.stringify(account)} is the account ${whose}; changing models takes one of its own`,
    }));
}
