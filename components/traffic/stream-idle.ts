import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { StreamLimits } from "../../services/stream-limits.ts";
import type { Cluster } from "../cluster.ts";
import type { EnvoyConfigObjectPatch } from "../istio/generated/envoy-filter.ts";
import { istioObject, type NamedRoute } from "../istio/objects.ts";
import { envoyDuration } from "./envoy-duration.ts";

/** A VirtualService, and what it is made of. */
export interface Routing {
  readonly hosts: readonly string[];
  readonly http: readonly NamedRoute[];
  readonly route: k8s.apiextensions.CustomResource;
}

export interface StreamIdleArgs {
  readonly name: string;
  readonly routing: Routing;
  /** Who sends these requests: the sidecars of a namespace, or the gateway there with these labels. */
  readonly callers: { readonly namespace: pulumi.Input<string>; readonly gateway?: Record<string, string> };
  readonly streams: StreamLimits;
}

/**
 * Ends streams that fall silent. Istio's API has no word for it, and istiod switches off the bound that Envoy has by
 * default. Without the routes that it names it does nothing, so it comes after them and goes before.
 */
export class StreamIdle extends pulumi.ComponentResource {
  readonly filter: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: StreamIdleArgs, opts?: pulumi.ComponentResourceOptions) {
    const { name, routing, streams } = args;
    const { namespace, gateway } = args.callers;
    const logicalName = `${cluster.config.name}-${name}`;
    super("linly-mesh:traffic:StreamIdle", logicalName, {}, opts);
    const context = gateway === undefined ? "SIDECAR_OUTBOUND" : "GATEWAY";
    this.filter = istioObject(
      "EnvoyFilter",
      logicalName,
      { name, namespace },
      {
        ...(gateway !== undefined && { workloadSelector: { labels: gateway } }),
        configPatches: idlePatches(context, routing, streams),
      },
      { parent: this, provider: cluster.provider, dependsOn: [routing.route] },
    );
    this.registerOutputs({});
  }
}

/** The bounds for every route that has no timeout, at every host: those are the streams' and no other's. */
export function idlePatches(
  context: "SIDECAR_OUTBOUND" | "GATEWAY",
  { hosts, http }: Pick<Routing, "hosts" | "http">,
  limits: Pick<StreamLimits, "idle" | "ownSilence">,
): EnvoyConfigObjectPatch[] {
  const routes = http.filter(({ timeout }) => timeout === undefined);
  return hosts.flatMap((host) =>
    routes.map(({ name }) => ({
      applyTo: "HTTP_ROUTE" as const,
      match: { context, routeConfiguration: { vhost: { domainName: host.toLowerCase(), route: { name } } } },
      patch: { operation: "MERGE" as const, value: { route: bounds(limits) } },
    })),
  );
}

/**
 * A stream that ends by `idle_timeout`, which a client can be the cause of, counts against nobody: a replica that hangs would
 * never be ejected. The bound of a try counts, and begins when the request is whole; it has to come before the other one.
 */
function bounds({ idle, ownSilence }: Pick<StreamLimits, "idle" | "ownSilence">) {
  if (!ownSilence) return idleTimeout(idle);
  const later = Math.min(idle / 10, 0.5);
  return { ...idleTimeout(idle + later), retry_policy: { per_try_idle_timeout: envoyDuration(idle) } };
}

/** What a route says of the longest silence, in seconds. */
export function idleTimeout(idle: number) {
  return { idle_timeout: envoyDuration(idle) };
}
