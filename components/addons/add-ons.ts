import * as pulumi from "@pulumi/pulumi";
import { installed, type MeshConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { CertManager } from "./cert-manager.ts";
import { GpuDevicePlugin } from "./gpu-device-plugin.ts";

/** What a cluster is to have before stages can use it: certificates, and GPUs on offer. */
export class AddOns extends pulumi.ComponentResource {
  readonly certManager: CertManager | undefined;
  readonly gpuDevicePlugin: GpuDevicePlugin | undefined;

  constructor(
    cluster: Cluster,
    { addons, pools, airGap }: Pick<MeshConfig, "addons" | "pools" | "airGap">,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("linly-mesh:addons:AddOns", cluster.config.name, {}, opts);
    const parent = { parent: this };
    const certManager = installed(addons.certManager);
    const gpuDevicePlugin = installed(addons.gpuDevicePlugin);

    this.certManager = certManager && new CertManager(cluster, { config: certManager, airGap }, parent);
    this.gpuDevicePlugin =
      gpuDevicePlugin && new GpuDevicePlugin(cluster, { config: gpuDevicePlugin, pool: pools.gpu, airGap }, parent);
    this.registerOutputs({});
  }
}
