import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { installed, type MeshConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import type { IngressGateway } from "../istio/ingress-gateway.ts";
import type { Istio } from "../istio/istio.ts";
import { ingressName, istioNamespace } from "../istio/values.ts";
import { observabilityPolicies } from "../security/network-policies.ts";
import { makeNetworkPolicies } from "../security/network-policy-objects.ts";
import type { AiServices } from "../service/ai-services.ts";
import { collectorOf, observabilityNamespace } from "./collector.ts";
import { Grafana } from "./grafana.ts";
import { Jaeger } from "./jaeger.ts";
import { MeshTelemetry } from "./mesh-telemetry.ts";
import { OperatorResources } from "./operator-resources.ts";
import { Prometheus } from "./prometheus.ts";
import { unseenByAlerts } from "./unseen.ts";

export interface ObservabilityArgs {
  readonly config: MeshConfig;
  readonly istio: Istio;
  readonly gateway: IngressGateway;
  readonly services: AiServices;
}

/** What the mesh tells of itself, and where that is kept, judged and shown: outside the mesh, in one namespace. */
export class Observability extends pulumi.ComponentResource {
  /** Where Prometheus answers, the program's own or one that was there. */
  readonly prometheusUrl: string | undefined;
  readonly jaeger: Jaeger | undefined;
  readonly grafana: Grafana | undefined;

  constructor(cluster: Cluster, args: ObservabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:Observability", cluster.config.name, {}, opts);
    const { addons, telemetry, airGap } = args.config;
    const parent = { parent: this };
    const unseen = unseenByAlerts(args.config);
    if (unseen !== undefined) void pulumi.log.warn(unseen, this);

    // What proxies tell is said by the control plane that serves them.
    if (cluster.plan.role === "primary") {
      new MeshTelemetry(cluster, { telemetry, collector: collectorOf(addons), istio: args.istio }, parent);
    }

    const jaeger = installed(addons.jaeger);
    const grafana = installed(addons.grafana);
    if (needsNamespace(addons)) {
      const namespace = cluster.namespace(observabilityNamespace, { podSecurity: "restricted", injected: false }, this);
      const walls = makeNetworkPolicies(cluster, observabilityPolicies(args), {
        parent: this,
        dependsOn: [namespace],
      });
      const behind = { parent: this, dependsOn: walls };
      this.jaeger = jaeger && new Jaeger(cluster, { config: jaeger, airGap, namespace }, behind);
      this.prometheusUrl = this.metrics(cluster, args, namespace, behind);
      this.grafana =
        grafana && this.prometheusUrl !== undefined
          ? new Grafana(
              cluster,
              {
                ...{ config: grafana, source: telemetry.metrics.source, airGap, namespace },
                prometheusUrl: this.prometheusUrl,
                scrapeInterval: installed(addons.prometheus)?.scrapeInterval,
                jaegerUrl: this.jaeger?.url,
              },
              behind,
            )
          : undefined;
    }
    this.registerOutputs({ prometheus: this.prometheusUrl, grafana: this.grafana?.url, jaeger: this.jaeger?.url });
  }

  /** A Prometheus, or what the operator of one is told; the URL of whichever there is. */
  private metrics(
    cluster: Cluster,
    args: ObservabilityArgs,
    namespace: k8s.core.v1.Namespace,
    opts: pulumi.ComponentResourceOptions,
  ): string | undefined {
    const { config, istio, gateway, services } = args;
    const { telemetry, airGap } = config;
    const { prometheus } = config.addons;
    if (prometheus.install === false) {
      if (prometheus.operator !== undefined) {
        const { labels } = prometheus.operator;
        const judged = { telemetry, users: config.ingress.users };
        new OperatorResources(cluster, { labels, ...judged, namespace, stages: config.namespace }, opts);
      }
      return prometheus.existing?.url;
    }
    const scrapes = [
      { name: config.namespace, after: services.namespaceObject },
      { name: istioNamespace, after: istio.namespace },
      { name: ingressName, after: gateway.namespace },
    ];
    const own = { config: prometheus, telemetry, users: config.ingress.users, airGap, namespace, scrapes };
    return new Prometheus(cluster, own, opts).url;
  }
}

/** Whether anything of it lives in the cluster. */
function needsNamespace({ prometheus, grafana, jaeger }: MeshConfig["addons"]): boolean {
  const operator = prometheus.install === false ? prometheus.operator : undefined;
  return operator !== undefined || [prometheus, grafana, jaeger].some((addon) => installed(addon) !== undefined);
}
