import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { VersionConfig } from "../../config/schema.ts";
import { serviceName, type Stage } from "../../services/stage.ts";
import type { StreamLimits } from "../../services/stream-limits.ts";
import type { Cluster } from "../cluster.ts";
import { istioObject } from "../istio/objects.ts";
import { versionLabels } from "../service/workload.ts";
import { idleTimeout } from "./stream-idle.ts";

export interface ShadowSilenceArgs {
  readonly stage: Stage & { readonly streams: Pick<StreamLimits, "idle"> };
  readonly version: Pick<VersionConfig, "name">;
  readonly namespace: string;
  readonly after: readonly pulumi.Resource[];
}

/**
 * Ends copies of which a shadow says nothing more, in its own sidecar. Nothing else does where their route has no timeout: its
 * idle time does not go with a copy, and as many as a caller may have under way would be held for as long as the pod lives.
 */
export class ShadowSilence extends pulumi.ComponentResource {
  readonly filter: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: ShadowSilenceArgs, opts?: pulumi.ComponentResourceOptions) {
    const { stage, version, namespace, after } = args;
    const name = `${serviceName(stage)}-${version.name}-silence`;
    const logicalName = `${cluster.config.name}-${name}`;
    super("linly-mesh:traffic:ShadowSilence", logicalName, {}, opts);
    this.filter = istioObject(
      "EnvoyFilter",
      logicalName,
      { name, namespace },
      {
        workloadSelector: { labels: versionLabels(stage, version) },
        configPatches: [
          {
            applyTo: "HTTP_ROUTE",
            match: { context: "SIDECAR_INBOUND" },
            patch: { operation: "MERGE", value: { route: idleTimeout(stage.streams.idle) } },
          },
        ],
      },
      { parent: this, provider: cluster.provider, dependsOn: [...after] },
    );
    this.registerOutputs({});
  }
}
