import type { IstioConfig } from "../../config/schema.ts";
import { seconds } from "../../config/quantities.ts";
import type { HelmValues } from "../helm-values.ts";
import { pluggedInCa } from "../security/mesh-ca.ts";
import { chainName, requestName } from "../security/intermediate.ts";

/** Istio's own word for how long a workload's certificate is good for. */
const istioTtl = "24h";

/**
 * What a proxy asks its certificates for. Nothing where Istio would do the same, so that no pod is made anew for it; any
 * other lifetime stands in each pod, which is thus replaced when it changes.
 */
export function certificateMetadata({ workloadCertificates: { ttl } }: IstioConfig): Record<string, string> {
  return seconds(ttl) === seconds(istioTtl) ? {} : { SECRET_TTL: ttl };
}

/** istiod signs for no longer than workloads are to ask for: who takes a pod's token gets no certificate beyond that. */
export function caEnv({ workloadCertificates: { ttl } }: IstioConfig, split = false): HelmValues {
  return {
    DEFAULT_WORKLOAD_CERT_TTL: ttl,
    MAX_WORKLOAD_CERT_TTL: ttl,
    ...(split && { ROOT_CA_DIR: splitCaDir }),
  };
}

/** Where istiod finds a CA whose key and chain lie apart. */
const splitCaDir = "/etc/mesh-ca";

/**
 * istiod's chart mounts the Secret of a CA only if it is there; an istiod that starts without it makes a root of its own,
 * which splits the mesh. Mounted once more as a must, the pod waits for it instead.
 */
export function requiredCa({ ca }: IstioConfig, split = false): HelmValues {
  if (split) return splitCa();
  if (ca === "istiod") return {};
  const name = "required-ca";
  return {
    volumes: [{ name, secret: { secretName: pluggedInCa } }],
    volumeMounts: [{ name, mountPath: "/etc/required-ca", readOnly: true }],
  };
}

/** The key as cert-manager made it here, and the chain as the root's cluster signed it, in one folder. */
function splitCa(): HelmValues {
  const name = "mesh-ca";
  return {
    volumes: [
      {
        name,
        projected: {
          sources: [
            { secret: { name: requestName, items: [{ key: "tls.key", path: "tls.key" }] } },
            { configMap: { name: chainName } },
          ],
        },
      },
    ],
    volumeMounts: [{ name, mountPath: splitCaDir, readOnly: true }],
  };
}
