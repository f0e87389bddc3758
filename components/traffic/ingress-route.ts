import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Duration } from "../../config/scalars.ts";
import type { Cluster } from "../cluster.ts";
import { IngressGateway } from "../istio/ingress-gateway.ts";
import { istioObject, type NamedRoute } from "../istio/objects.ts";
import type { IngressCertificate } from "../security/ingress-certificate.ts";
import { hostOf } from "../service/workload.ts";
import type { AiService } from "../service/ai-service.ts";
import { ingressRoutes, isProportional, type Dialogues, type Testers } from "./ingress-routes.ts";
import { httpServer, httpsServer, toHttps, withHsts } from "./ingress-tls.ts";
import { withCopies, type Mirroring } from "./mirror.ts";
import { forCallersIn, type Split } from "./splits.ts";
import { byClass, idempotenceAnnotation, type RequestClass } from "./request-classes.ts";

export interface IngressRouteArgs {
  /** Names under which users reach the pipeline. */
  readonly hosts: readonly string[];
  /** The stage that users reach. */
  readonly entry: AiService;
  /** Those of its versions that requests may be sent to, as each cluster's gateway chooses between them. */
  readonly splits: readonly IngressSplit[];
  /** What must be there before the route: see `routeNeeds`. */
  readonly needs: readonly pulumi.Resource[];
  readonly mirroring: Mirroring;
  /** The kinds of its requests, each with its timeout and retries. */
  readonly classes: readonly RequestClass[];
  readonly testers: Testers | undefined;
  readonly namespace: string;
  readonly gateway: IngressGateway;
  /** What decides who may come in, and so comes before anybody can. */
  readonly walls: readonly pulumi.Resource[];
  readonly tls: IngressTls | undefined;
}

/** A split, and the dialogues that begin by it. */
export interface IngressSplit extends Split {
  readonly dialogues: Dialogues | undefined;
}

/** Users come in by TLS, and by plain HTTP only to be told so. */
export interface IngressTls {
  readonly certificate: IngressCertificate;
  /** How long browsers remember it. */
  readonly hstsMaxAge: Duration;
}

/** Opens the ingress gateway to the pipeline's entry stage, with that stage's weights and the mesh's pins. */
export class IngressRoute extends pulumi.ComponentResource {
  readonly gateway: k8s.apiextensions.CustomResource;
  readonly hosts: readonly string[];
  readonly http: readonly NamedRoute[];
  readonly route: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: IngressRouteArgs, opts?: pulumi.ComponentResourceOptions) {
    const { hosts, entry, splits, needs, mirroring, classes, testers, namespace, tls } = args;

    super("linly-mesh:traffic:IngressRoute", cluster.config.name, {}, opts);
    const child = { parent: this, provider: cluster.provider };
    const certificates = tls === undefined ? [] : [tls.certificate.certificate];

    this.gateway = istioObject(
      "Gateway",
      `${cluster.config.name}-ingress`,
      { name: "ingress", namespace },
      {
        selector: IngressGateway.selector,
        servers: [tls === undefined ? httpServer(hosts) : httpsServer(hosts, tls.certificate.credentialName)],
      },
      { ...child, dependsOn: [args.gateway.release, ...args.walls, ...certificates] },
    );
    const host = hostOf(entry.stage, namespace);
    const byVersion = splits.flatMap(({ callers, versions, dialogues }) =>
      forCallersIn(callers, ingressRoutes({ entry: { name: entry.stage.name, versions }, host, testers, dialogues })),
    );
    const routes = withCopies(byVersion, mirroring);
    this.hosts = hosts;
    const http = byClass(routes, classes);
    this.http = tls === undefined ? http : http.map((route) => withHsts(route, tls.hstsMaxAge));
    this.route = istioObject(
      "VirtualService",
      `${cluster.config.name}-ingress`,
      {
        name: "ingress",
        namespace,
        annotations: { ...idempotenceAnnotation(routes, classes), ...proportionAnnotation(this.http) },
      },
      { hosts: [...hosts], gateways: ["ingress"], http: [...this.http] },
      { ...child, dependsOn: [this.gateway, ...needs] },
    );
    if (tls !== undefined) redirectToHttps(cluster, args, { ...child, dependsOn: [this.gateway] });
    this.registerOutputs({ hosts: [...hosts] });
  }
}

/** A Gateway and routes of their own, so that no route of the pipeline is ever on the port without TLS. */
function redirectToHttps(
  cluster: Cluster,
  { hosts, namespace }: IngressRouteArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const name = "ingress-http";
  const logicalName = `${cluster.config.name}-${name}`;
  const names = { name, namespace };
  const gatewaySpec = { selector: IngressGateway.selector, servers: [httpServer(hosts)] };
  const gateway = istioObject("Gateway", logicalName, names, gatewaySpec, opts);
  const routeSpec = { hosts: [...hosts], gateways: [name], http: [toHttps] };
  istioObject("VirtualService", logicalName, names, routeSpec, { ...opts, dependsOn: [gateway] });
}

/** The annotation by which `policies/` knows the routes whose weights are no percents. */
function proportionAnnotation(routes: readonly NamedRoute[]): Record<string, string> {
  const names = routes.filter(isProportional).map(({ name }) => name);
  return names.length === 0 ? {} : { "linly-mesh/proportional-routes": names.join(",") };
}
