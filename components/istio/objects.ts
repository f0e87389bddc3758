import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** Istio's own resources, typed as far as this program writes them (APIs of Istio 1.31). */

/** A share of a route: requests in proportion to `weight` go to `destination`. */
export interface RouteDestination {
  destination: { host: string; subset?: string; port?: { number: number } };
  weight?: number;
}

export interface HttpRoute {
  name?: string;
  match?: { uri?: { exact: string } | { prefix: string }; method?: { exact: string } }[];
  route: RouteDestination[];
}

export interface VirtualServiceSpec {
  hosts: string[];
  gateways?: string[];
  http: HttpRoute[];
}

export interface DestinationRuleSpec {
  host: string;
  subsets: { name: string; labels: Record<string, string> }[];
}

export interface GatewaySpec {
  selector: Record<string, string>;
  servers: { port: { number: number; name: string; protocol: "HTTP" }; hosts: string[] }[];
}

export interface PeerAuthenticationSpec {
  mtls: { mode: "STRICT" };
}

export interface SidecarSpec {
  workloadSelector: { labels: Record<string, string> };
  egress: { hosts: string[] }[];
  outboundTrafficPolicy: { mode: "REGISTRY_ONLY" };
}

export interface TelemetrySpec {
  tracing?: { providers: { name: string }[]; randomSamplingPercentage: number }[];
  metrics?: { providers: { name: "prometheus" }[]; overrides: { match: { metric: string }; disabled: boolean }[] }[];
}

interface Specs {
  VirtualService: VirtualServiceSpec;
  DestinationRule: DestinationRuleSpec;
  Gateway: GatewaySpec;
  Sidecar: SidecarSpec;
  PeerAuthentication: PeerAuthenticationSpec;
  Telemetry: TelemetrySpec;
}

const apiVersions: Record<keyof Specs, string> = {
  VirtualService: "networking.istio.io/v1",
  DestinationRule: "networking.istio.io/v1",
  Gateway: "networking.istio.io/v1",
  Sidecar: "networking.istio.io/v1",
  PeerAuthentication: "security.istio.io/v1",
  Telemetry: "telemetry.istio.io/v1",
};

/** An Istio resource. Its Pulumi name is `logicalName`; in the cluster it has the name in `metadata`. */
export function istioObject<Kind extends keyof Specs>(
  kind: Kind,
  logicalName: string,
  metadata: { readonly name: string; readonly namespace: pulumi.Input<string> },
  spec: pulumi.Input<Specs[Kind]>,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    logicalName,
    { apiVersion: apiVersions[kind], kind, metadata, spec },
    opts,
  );
}
