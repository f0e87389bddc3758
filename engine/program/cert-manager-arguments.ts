/** Keys that pass, and what of each: all that lies below it, or only these keys. */
export interface Arguments {
  readonly [key: string]: true | Arguments;
}

const image = words("digest pullPolicy registry repository tag");
const serviceAccount = words("annotations automountServiceAccountToken create name");

/**
 * The arguments of `CertManager` of @pulumi/kubernetes-cert-manager 0.2.0, each a Helm value of the same name, and what the
 * types have into which the component reads them (its SDK's pulumiTypes.go): a key that is not here it does not pass on. A
 * `nodeSelector` it reads as that of an affinity, and finds no label there.
 */
export const certManagerArguments: Arguments = {
  ...words(
    "affinity clusterResourceNamespace containerSecurityContext deploymentAnnotations extraArgs extraEnv extraVolumeMounts extraVolumes featureGates http_proxy https_proxy installCRDs no_proxy podAnnotations podDnsConfig podDnsPolicy podLabels replicaCount resources securityContext serviceAnnotations serviceLabels strategy tolerations",
  ),
  nodeSelector: {},
  cainjector: {
    ...words(
      "affinity containerSecurityContext deploymentAnnotations extraArgs nodeSelector podAnnotations podLabels podSecurityContext replicaCount resources strategy timeoutSeconds tolerations",
    ),
    image,
    serviceAccount,
  },
  global: {
    ...words("imagePullSecrets logLevel priorityClassName"),
    leaderElection: words("leaseDuration namespace renewDeadline"),
    podSecurityPolicy: words("enabled useAppArmor"),
    rbac: words("create"),
  },
  image,
  ingressShim: words("defaultIssuerGroup defaultIssuerKind defaultIssuerName"),
  prometheus: {
    ...words("enabled"),
    serviceMonitor: words("enabled interval labels path prometheusInstance string targetPort"),
  },
  serviceAccount,
  startupapicheck: {
    ...words(
      "affinity backoffLimit enabled extraArgs jobAnnotations nodeSelector podAnnotations podLabels resources securityContext timeout tolerations",
    ),
    image,
    rbac: words("annotations"),
    serviceAccount,
  },
  webhook: {
    ...words(
      "affinity containerSecurityContext deploymentAnnotations extraArgs hostNetwork livenessProbe loadBalancerIP mutatingWebhookConfigurationAnnotations nodeSelector podAnnotations podLabels readinessProbe replicaCount resources securePort securityContext serviceAnnotations serviceLabels serviceType strategy timeoutSeconds tolerations validatingWebhookConfigurationAnnotations",
    ),
    image,
    serviceAccount,
    url: words("host"),
  },
};

function words(text: string): Arguments {
  return Object.fromEntries(text.split(" ").map((key) => [key, true]));
}
