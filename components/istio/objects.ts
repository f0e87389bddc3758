import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { DeepInput } from "../deep-input.ts";
import { apiVersions, type IstioSpecs } from "./generated/kinds.ts";
import type { HTTPMatchRequest, HTTPRoute, HTTPRouteDestination } from "./generated/virtual-service.ts";

/** Istio's own resources, with the types that `generate/` makes from the CRDs. */

/** A share of a route: requests in proportion to `weight` go to `destination`. */
export type RouteDestination = HTTPRouteDestination;

/** What a request looks like that a route takes. */
export type HttpMatch = HTTPMatchRequest;

/** What a route does to the headers of requests and answers. */
export type HeaderChanges = NonNullable<HTTPRoute["headers"]>;

/** A route to somewhere, and not a redirect or an answer of its own. */
export type HttpRoute = HTTPRoute & Required<Pick<HTTPRoute, "route">>;

/** A route that its readers can tell from others. */
export type NamedRoute = HttpRoute & { name: string };

/** An Istio resource. Its Pulumi name is `logicalName`; in the cluster it has the name in `metadata`. */
export function istioObject<Kind extends keyof IstioSpecs>(
  kind: Kind,
  logicalName: string,
  {
    annotations = {},
    ...names
  }: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly annotations?: Record<string, string> | undefined;
  },
  spec: DeepInput<IstioSpecs[Kind]>,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  // Of every EnvoyFilter istioctl analyze says that it is one.
  const quiet = kind === "EnvoyFilter" ? { "galley.istio.io/analyze-suppress": "IST0133" } : {};
  const all = { ...quiet, ...annotations };
  const metadata = { ...names, ...(Object.keys(all).length > 0 && { annotations: all }) };
  return new k8s.apiextensions.CustomResource(
    logicalName,
    { apiVersion: apiVersions[kind], kind, metadata, spec },
    opts,
  );
}
