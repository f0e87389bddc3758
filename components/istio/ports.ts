/** Ports that Istio itself has, by its numbers (https://istio.io/latest/docs/ops/deployment/application-requirements/). */
export const istioPorts = {
  /** Where istiod gives configuration and certificates. */
  istiod: 15012,
  /** Where istiod's pod answers the API server's calls to its webhooks. */
  webhook: 15017,
  /** Where an agent merges the metrics of Envoy, itself and the application. */
  metrics: 15020,
  /** Where a gateway says that it is ready. */
  ready: 15021,
  /** Where other networks come in: Istio sends to a gateway that has a server of this number. */
  crossNetwork: 15443,
} as const;

/** Where users come in at an ingress gateway: without TLS, or only to be led to it, and with. */
export const userPorts = { http: 80, https: 443 } as const;
