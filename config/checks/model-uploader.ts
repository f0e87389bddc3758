import { stageNames } from "../../services/catalogue.ts";
import { serviceName } from "../../services/stage.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** Namespaces whose pods get no sidecar: this program's own and Kubernetes'. */
const withoutSidecars = [
  "cert-manager",
  "istio-cni",
  "istio-system",
  "kube-node-lease",
  "kube-public",
  "kube-system",
  "nvidia-device-plugin",
  "observability",
];

/** An uploader that can't prove who it is, or that others are too: whoever has its account may change models. */
export function uploaderFaults({ namespace, modelUploader }: LenientMesh): Fault[] {
  const { namespace: home, serviceAccount: account } = modelUploader;
  const stages = stageNames.map((name) => serviceName({ name }));
  const others: readonly (readonly [is: boolean, whose: string])[] = [
    [account === "default", "of every pod that names none"],
    [home === "istio-ingress" && account === "istio-ingress", "of the ingress gateway, and so of every user"],
    [home === namespace && [...stages, ...stages.map((stage) => `${stage}-shadow`)].includes(account), "of a stage"],
  ];
  const shared = others
    .filter(([is]) => is)
    .map(([, whose]) => ({
      path: "modelUploader.serviceAccount",
      message: `${JSON.stringify(account)} is the account ${whose}; changing models takes one of its own`,
    }));
  if (!withoutSidecars.includes(home)) return shared;
  const message = `${JSON.stringify(home)} has no sidecars, and without one a pod has no identity to be let in by`;
  return [{ path: "modelUploader.namespace", message }, ...shared];
}
