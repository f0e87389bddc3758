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

/** An uploader that can't get in, or that others are too: whoever has its account may change models. */
export function uploaderFaults({ namespace, namespaceExists, networkPolicies, modelUploader }: LenientMesh): Fault[] {
  const { namespace: home, serviceAccount: account } = modelUploader;
  const stages = stageNames.map((name) => serviceName({ name }));
  const isClosed = home === namespace && networkPolicies && !namespaceExists;
  const wrong: readonly (readonly [is: boolean, key: "namespace" | "serviceAccount", message: string])[] = [
    [
      withoutSidecars.includes(home),
      "namespace",
      "has no sidecars, and without one a pod has no identity to be let in by",
    ],
    [
      isClosed,
      "namespace",
      "is the stages' own, where the network lets no other pod out; give the uploader another one",
    ],
    [account === "default", "serviceAccount", isSharedWith("of every pod that names none")],
    [
      home === "istio-ingress" && account === "istio-ingress",
      "serviceAccount",
      isSharedWith("of the ingress gateway, and so of every user"),
    ],
    [
      home === namespace && [...stages, ...stages.map((stage) => `${stage}-shadow`)].includes(account),
      "serviceAccount",
      isSharedWith("of a stage"),
    ],
  ];
  return wrong
    .filter(([is]) => is)
    .map(([, key, message]) => ({
      path: `modelUploader.${key}`,
      message: `${JSON.stringify(modelUploader[key])} ${message}`,
    }));
}

function isSharedWith(whose: string): string {
  return `is the account ${whose}; changing models takes one of its own`;
}
