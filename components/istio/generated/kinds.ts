// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { VirtualServiceSpec } from "./virtual-service.ts";
import type { DestinationRuleSpec } from "./destination-rule.ts";
import type { GatewaySpec } from "./gateway.ts";
import type { SidecarSpec } from "./sidecar.ts";
import type { ServiceEntrySpec } from "./service-entry.ts";
import type { WorkloadEntrySpec } from "./workload-entry.ts";
import type { EnvoyFilterSpec } from "./envoy-filter.ts";
import type { ProxyConfigSpec } from "./proxy-config.ts";
import type { PeerAuthenticationSpec } from "./peer-authentication.ts";
import type { RequestAuthenticationSpec } from "./request-authentication.ts";
import type { AuthorizationPolicySpec } from "./authorization-policy.ts";
import type { TelemetrySpec } from "./telemetry.ts";

/** The `spec` of each kind. */
export interface IstioSpecs {
  VirtualService: VirtualServiceSpec;
  DestinationRule: DestinationRuleSpec;
  Gateway: GatewaySpec;
  Sidecar: SidecarSpec;
  ServiceEntry: ServiceEntrySpec;
  WorkloadEntry: WorkloadEntrySpec;
  EnvoyFilter: EnvoyFilterSpec;
  ProxyConfig: ProxyConfigSpec;
  PeerAuthentication: PeerAuthenticationSpec;
  RequestAuthentication: RequestAuthenticationSpec;
  AuthorizationPolicy: AuthorizationPolicySpec;
  Telemetry: TelemetrySpec;
}

/** The API in which the program writes each kind. */
export const apiVersions: Record<keyof IstioSpecs, string> = {
  VirtualService: "networking.istio.io/v1",
  DestinationRule: "networking.istio.io/v1",
  Gateway: "networking.istio.io/v1",
  Sidecar: "networking.istio.io/v1",
  ServiceEntry: "networking.istio.io/v1",
  WorkloadEntry: "networking.istio.io/v1",
  EnvoyFilter: "networking.istio.io/v1alpha3",
  ProxyConfig: "networking.istio.io/v1beta1",
  PeerAuthentication: "security.istio.io/v1",
  RequestAuthentication: "security.istio.io/v1",
  AuthorizationPolicy: "security.istio.io/v1",
  Telemetry: "telemetry.istio.io/v1",
};
