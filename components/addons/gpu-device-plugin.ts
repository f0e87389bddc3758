import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AirGapConfig, GpuDevicePluginConfig, Installed, PoolConfig } from "../../config/schema.ts";
import { chartFrom, mirroredCharts } from "../charts.ts";
import type { Cluster } from "../cluster.ts";
import { releaseSettings } from "../release.ts";
import { gpuDevicePluginValues } from "./gpu-values.ts";

const name = "nvidia-device-plugin";

export interface GpuDevicePluginArgs {
  readonly config: Installed<GpuDevicePluginConfig>;
  /** The pool whose nodes have GPUs. */
  readonly pool: PoolConfig;
  readonly airGap: AirGapConfig | undefined;
}

/** NVIDIA's device plugin, on every node of the gpu pool. */
export class GpuDevicePlugin extends pulumi.ComponentResource {
  readonly release: k8s.helm.v3.Release;

  constructor(cluster: Cluster, args: GpuDevicePluginArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:addons:GpuDevicePlugin", cluster.config.name, {}, opts);
    const { config, pool, airGap } = args;
    // It talks to the kubelet over a socket of the node, which only `privileged` allows.
    const namespace = cluster.namespace(name, { podSecurity: "privileged", injected: false }, this);
    this.release = new k8s.helm.v3.Release(
      `${cluster.config.name}-${name}`,
      {
        ...chartFrom(mirroredCharts(config.charts, airGap), name),
        name,
        namespace: namespace.metadata.name,
        values: gpuDevicePluginValues(config, pool, airGap),
        // Without this the provider would drop the null that takes the chart's affinity away.
        allowNullValues: true,
        ...releaseSettings,
      },
      { parent: this, provider: cluster.provider },
    );
    this.registerOutputs({});
  }
}
