import type { CertManagerArgs, types } from "@pulumi/kubernetes-cert-manager";

/** Keys that pass, and what of each: all that lies below it, or only these keys. */
export interface Arguments {
  readonly [key: string]: true | Arguments;
}

/** A release of the SDK with another key does not compile before it stands here. */
type Of<T> = Readonly<Record<keyof T, true | Arguments>>;

const image = {
  digest: true,
  pullPolicy: true,
  registry: true,
  repository: true,
  tag: true,
} satisfies Of<types.input.CertManagerImageArgs>;

const serviceAccount = {
  annotations: true,
  automountServiceAccountToken: true,
  create: true,
  name: true,
} satisfies Of<types.input.CertManagerServiceAccountArgs>;

/**
 * Arguments of the component `CertManager` that are values of its chart. It writes each of them over the value of that name
 * in `helmOptions.values`, unset ones too, so a value of such a name has to go by the argument; and it reads each into a type
 * of its own, by which every key is lost that the type does not have.
 */
export const certManagerArguments = {
  affinity: true,
  cainjector: {
    affinity: true,
    containerSecurityContext: true,
    deploymentAnnotations: true,
    extraArgs: true,
    image,
    nodeSelector: true,
    podAnnotations: true,
    podLabels: true,
    podSecurityContext: true,
    replicaCount: true,
    resources: true,
    serviceAccount,
    strategy: true,
    timeoutSeconds: true,
    tolerations: true,
  } satisfies Of<types.input.CertManagerCaInjectorArgs>,
  clusterResourceNamespace: true,
  containerSecurityContext: true,
  deploymentAnnotations: true,
  extraArgs: true,
  extraEnv: true,
  extraVolumeMounts: true,
  extraVolumes: true,
  featureGates: true,
  global: {
    imagePullSecrets: true,
    leaderElection: {
      leaseDuration: true,
      namespace: true,
      renewDeadline: true,
    } satisfies Of<types.input.CertManagerGlobalLeaderElectionArgs>,
    logLevel: true,
    podSecurityPolicy: {
      enabled: true,
      useAppArmor: true,
    } satisfies Of<types.input.CertManagerGlobalPodSecurityPolicyArgs>,
    priorityClassName: true,
    rbac: {
      create: true,
    } satisfies Of<types.input.CertManagerGlobalRbacArgs>,
  } satisfies Of<types.input.CertManagerGlobalArgs>,
  http_proxy: true,
  https_proxy: true,
  image,
  ingressShim: {
    defaultIssuerGroup: true,
    defaultIssuerKind: true,
    defaultIssuerName: true,
  } satisfies Of<types.input.CertManagerIngressShimArgs>,
  installCRDs: true,
  no_proxy: true,
  // Read as the NodeSelector of an affinity, which has none of the labels that the chart asks for.
  nodeSelector: {},
  podAnnotations: true,
  podDnsConfig: true,
  podDnsPolicy: true,
  podLabels: true,
  prometheus: {
    enabled: true,
    serviceMonitor: {
      enabled: true,
      interval: true,
      labels: true,
      path: true,
      prometheusInstance: true,
      string: true,
      targetPort: true,
    } satisfies Of<types.input.CertManagerPrometheusServiceMonitorArgs>,
  } satisfies Of<types.input.CertManagerPrometheusArgs>,
  replicaCount: true,
  resources: true,
  securityContext: true,
  serviceAccount,
  serviceAnnotations: true,
  serviceLabels: true,
  startupapicheck: {
    affinity: true,
    backoffLimit: true,
    enabled: true,
    extraArgs: true,
    image,
    jobAnnotations: true,
    nodeSelector: true,
    podAnnotations: true,
    podLabels: true,
    rbac: {
      annotations: true,
    } satisfies Of<types.input.CertManagerStartupAPICheckRBACArgs>,
    resources: true,
    securityContext: true,
    serviceAccount,
    timeout: true,
    tolerations: true,
  } satisfies Of<types.input.CertManagerStartupAPICheckArgs>,
  strategy: true,
  tolerations: true,
  webhook: {
    affinity: true,
    containerSecurityContext: true,
    deploymentAnnotations: true,
    extraArgs: true,
    hostNetwork: true,
    image,
    livenessProbe: true,
    loadBalancerIP: true,
    mutatingWebhookConfigurationAnnotations: true,
    nodeSelector: true,
    podAnnotations: true,
    podLabels: true,
    readinessProbe: true,
    replicaCount: true,
    resources: true,
    securePort: true,
    securityContext: true,
    serviceAccount,
    serviceAnnotations: true,
    serviceLabels: true,
    serviceType: true,
    strategy: true,
    timeoutSeconds: true,
    tolerations: true,
    url: {
      host: true,
    } satisfies Of<types.input.CertManagerWebhookURLArgs>,
    validatingWebhookConfigurationAnnotations: true,
  } satisfies Of<types.input.CertManagerWebhookArgs>,
} satisfies Of<Omit<CertManagerArgs, "helmOptions">>;
