import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { untestedRelease } from "../../config/checks/istio-release.ts";
import { chartFrom, mirroredCharts } from "../charts.ts";
import type { Cluster } from "../cluster.ts";
import { releaseSettings } from "../release.ts";
import { Intermediate } from "../security/intermediate.ts";
import { MeshCa } from "../security/mesh-ca.ts";
import { eastWestName, ingressName, istioNamespace, valuesOf, type IstioArgs, type IstioPart } from "./values.ts";

/** What a control plane is made of beside the charts. */
export interface ControlPlaneArgs {
  /** What a CA by cert-manager needs. */
  readonly certManager: pulumi.Resource | undefined;
  /** The cluster that holds the mesh's root, where that is another one. */
  readonly root: { readonly cluster: Cluster; readonly istio: Istio } | undefined;
}

/** What makes a cluster a remote one. */
export interface RemoteArgs {
  /** The cluster whose istiod serves it. */
  readonly controlPlane: Cluster;
  /** Where that one is reached. */
  readonly address: pulumi.Output<string>;
  /** What must be there before: the way to that istiod. */
  readonly after: readonly pulumi.Resource[];
}

/** Istio in one cluster: the CRDs (base), the CNI node agent, and istiod; or, in a remote, the way to that of its primary. */
export class Istio extends pulumi.ComponentResource {
  /** Absent in a remote, which holds none of Istio's resources. */
  readonly base: k8s.helm.v3.Release | undefined;
  readonly cni: k8s.helm.v3.Release;
  /** In a remote: the Service of that name, which leads to its primary's, and the webhook. */
  readonly istiod: k8s.helm.v3.Release;
  /** The mesh's root, and this cluster's intermediate: where it is made by cert-manager, and here. */
  readonly ca: MeshCa | undefined;
  readonly namespace: k8s.core.v1.Namespace;

  /** @throws Error where the stack asks for a CA by cert-manager and there is none, which its checks rule out */
  constructor(
    cluster: Cluster,
    args: IstioArgs,
    { controlPlane, remote }: { readonly controlPlane?: ControlPlaneArgs; readonly remote?: RemoteArgs },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("linly-mesh:istio:Istio", cluster.config.name, {}, opts);
    const untested = controlPlane && untestedRelease(args.istio);
    if (untested !== undefined) void pulumi.log.warn(untested, this);
    this.namespace = cluster.namespace(
      istioNamespace,
      {
        podSecurity: "restricted",
        injected: false,
        labels: { "topology.istio.io/network": cluster.config.network },
        // Tells that istiod that it is to see to this cluster's webhook and root certificates.
        ...(remote && {
          annotations: { "topology.istio.io/controlPlaneClusters": remote.controlPlane.config.name },
        }),
      },
      this,
    );
    // The CNI agent writes to the node's own folders, which only `privileged` allows; it lives apart from the rest.
    const cniNamespace = cluster.namespace("istio-cni", { podSecurity: "privileged", injected: false }, this);
    const parent = { parent: this };

    this.base = remote === undefined ? istioRelease(cluster, args, "base", this.namespace, parent) : undefined;
    const first = this.base === undefined ? [] : [this.base];
    this.cni = istioRelease(cluster, args, "cni", cniNamespace, { ...parent, dependsOn: first });
    const ca = controlPlane === undefined ? undefined : this.makeCa(cluster, args, controlPlane);
    this.ca = ca instanceof MeshCa ? ca : undefined;
    const before = ca === undefined ? [] : [ca instanceof MeshCa ? ca.intermediate : ca.chain];
    const address = remote === undefined ? {} : { global: { remotePilotAddress: remote.address } };
    const istiodOpts = { ...parent, dependsOn: [...first, ...before, ...(remote?.after ?? [])] };
    this.istiod = istioRelease(cluster, args, "istiod", this.namespace, istiodOpts, address);
    this.registerOutputs({});
  }

  private makeCa(
    cluster: Cluster,
    { istio }: IstioArgs,
    { certManager, root }: ControlPlaneArgs,
  ): MeshCa | Intermediate | undefined {
    if (istio.ca !== "certManager") return undefined;
    if (certManager === undefined) throw new Error("a CA by cert-manager takes a cert-manager");
    const { meshId, trustDomain } = istio;
    const { namespace } = this;
    if (root === undefined)
      return new MeshCa(cluster, { meshId, trustDomain, namespace, certManager }, { parent: this });
    if (root.istio.ca === undefined) throw new Error(`cluster ${root.cluster.config.name} holds no root`);
    const args = { root: root.istio.ca, rootCluster: root.cluster, trustDomain, namespace, certManager };
    return new Intermediate(cluster, args, { parent: this });
  }
}

const charts: Record<IstioPart, { readonly chart: string; readonly release: string }> = {
  base: { chart: "base", release: "istio-base" },
  cni: { chart: "cni", release: "istio-cni" },
  istiod: { chart: "istiod", release: "istiod" },
  gateway: { chart: "gateway", release: ingressName },
  eastWestGateway: { chart: "gateway", release: eastWestName },
};

/** What of a chart's values is known only later. */
interface LaterValues {
  readonly global?: Record<string, pulumi.Output<string>>;
}

/** A Helm release of one of Istio's charts, named as Istio's own documents name it. */
export function istioRelease(
  cluster: Cluster,
  args: IstioArgs,
  part: IstioPart,
  namespace: k8s.core.v1.Namespace,
  opts: pulumi.CustomResourceOptions,
  later: LaterValues = {},
): k8s.helm.v3.Release {
  const { chart, release } = charts[part];
  const values = valuesOf(part, args, cluster.config);
  const global = typeof values["global"] === "object" ? values["global"] : {};
  return new k8s.helm.v3.Release(
    `${cluster.config.name}-${release}`,
    {
      ...chartFrom(mirroredCharts(args.istio.charts, args.airGap), chart),
      name: release,
      namespace: namespace.metadata.name,
      values: later.global === undefined ? values : { ...values, global: { ...global, ...later.global } },
      ...releaseSettings,
    },
    { provider: cluster.provider, ...opts },
  );
}
