import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { chartFrom, mirroredCharts } from "../charts.ts";
import type { Cluster } from "../cluster.ts";
import { MeshCa } from "../security/mesh-ca.ts";
import { ingressName, istioNamespace, valuesOf, type IstioArgs, type IstioChart } from "./values.ts";

/** Istio in one cluster: the CRDs (base), the CNI node agent, and istiod. */
export class Istio extends pulumi.ComponentResource {
  readonly base: k8s.helm.v3.Release;
  readonly cni: k8s.helm.v3.Release;
  readonly istiod: k8s.helm.v3.Release;
  /** The CA by cert-manager, where istiod has none of its own. */
  readonly ca: MeshCa | undefined;
  readonly namespace: k8s.core.v1.Namespace;

  /**
   * @param certManager what a CA by cert-manager needs
   * @throws Error where the stack asks for such a CA and there is no cert-manager, which its checks rule out
   */
  constructor(
    cluster: Cluster,
    istio: IstioArgs,
    certManager?: pulumi.Resource,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("linly-mesh:istio:Istio", cluster.config.name, {}, opts);
    const labels = { "topology.istio.io/network": cluster.config.network };
    this.namespace = cluster.namespace(istioNamespace, { podSecurity: "restricted", injected: false, labels }, this);
    // The CNI agent writes to the node's own folders, which only `privileged` allows; it lives apart from the rest.
    const cniNamespace = cluster.namespace("istio-cni", { podSecurity: "privileged", injected: false }, this);

    this.base = istioRelease(cluster, istio, "base", this.namespace, { parent: this });
    this.cni = istioRelease(cluster, istio, "cni", cniNamespace, { parent: this, dependsOn: [this.base] });
    this.ca = this.makeCa(cluster, istio, certManager);
    this.istiod = istioRelease(cluster, istio, "istiod", this.namespace, {
      parent: this,
      dependsOn: [this.base, ...(this.ca === undefined ? [] : [this.ca.intermediate])],
    });
    this.registerOutputs({});
  }

  private makeCa(cluster: Cluster, { istio }: IstioArgs, certManager: pulumi.Resource | undefined) {
    if (istio.ca !== "certManager") return undefined;
    if (certManager === undefined) throw new Error("a CA by cert-manager takes a cert-manager");
    const { meshId, trustDomain } = istio;
    return new MeshCa(cluster, { meshId, trustDomain, namespace: this.namespace, certManager }, { parent: this });
  }
}

const releaseNames: Record<IstioChart, string> = {
  base: "istio-base",
  cni: "istio-cni",
  istiod: "istiod",
  gateway: ingressName,
};

/** A Helm release of one of Istio's charts, named as Istio's own documents name it. */
export function istioRelease(
  cluster: Cluster,
  args: IstioArgs,
  chart: IstioChart,
  namespace: k8s.core.v1.Namespace,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  return new k8s.helm.v3.Release(
    `${cluster.config.name}-${releaseNames[chart]}`,
    {
      ...chartFrom(mirroredCharts(args.istio.charts, args.airGap), chart),
      name: releaseNames[chart],
      namespace: namespace.metadata.name,
      values: valuesOf(chart, args, cluster.config),
      timeout: 600,
    },
    { provider: cluster.provider, ...opts },
  );
}
