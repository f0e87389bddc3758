/** The kinds to make types of, each with the version of its API that the program writes. */
export const kinds = {
  VirtualService: "v1",
  DestinationRule: "v1",
  Gateway: "v1",
  Sidecar: "v1",
  ServiceEntry: "v1",
  WorkloadEntry: "v1",
  EnvoyFilter: "v1alpha3",
  ProxyConfig: "v1beta1",
  PeerAuthentication: "v1",
  RequestAuthentication: "v1",
  AuthorizationPolicy: "v1",
  Telemetry: "v1",
} as const satisfies Record<string, string>;
