import { CertManager as CertManagerComponent } from "@pulumi/kubernetes-cert-manager";
import * as pulumi from "@pulumi/pulumi";
import type { AirGapConfig, CertManagerConfig, Installed } from "../../config/schema.ts";
import { chartFrom, mirroredCharts } from "../charts.ts";
import type { Cluster } from "../cluster.ts";
import { releaseSettings } from "../release.ts";
import { certManagerNamespace as name, certManagerValues, splitValues } from "./cert-manager-args.ts";

export interface CertManagerArgs {
  readonly config: Installed<CertManagerConfig>;
  readonly airGap: AirGapConfig | undefined;
}

/** cert-manager with its CRDs, by Pulumi's own component. */
export class CertManager extends pulumi.ComponentResource {
  /** Whoever makes an issuer or a certificate depends on this. */
  readonly component: CertManagerComponent;

  constructor(cluster: Cluster, { config, airGap }: CertManagerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:addons:CertManager", cluster.config.name, {}, opts);
    const namespace = cluster.namespace(name, { podSecurity: "restricted", injected: false }, this);
    const { args, values } = splitValues(certManagerValues(config, airGap));
    this.component = new CertManagerComponent(
      `${cluster.config.name}-${name}`,
      {
        ...args,
        helmOptions: {
          // The component would add its own repository to a chart that comes from none.
          repositoryOpts: { repo: "" },
          ...chartFrom(mirroredCharts(config.charts, airGap), name),
          name,
          namespace: namespace.metadata.name,
          values,
          ...releaseSettings,
        },
      },
      // The component's provider was built with an older SDK and would otherwise ask for a Kubernetes provider of its own.
      { parent: this, providers: { kubernetes: cluster.provider }, dependsOn: [namespace] },
    );
    this.registerOutputs({});
  }
}
