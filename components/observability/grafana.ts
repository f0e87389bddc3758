import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AirGapConfig, GrafanaConfig, Installed } from "../../config/schema.ts";
import type { MetricSource } from "../../services/telemetry.ts";
import type { Cluster } from "../cluster.ts";
import { mirrored } from "../images.ts";
import { observabilityNamespace } from "./collector.ts";
import { meshDashboard } from "./dashboard.ts";
import { dashboardFolder, dataSources, grafanaEnv } from "./grafana-settings.ts";
import { asYaml } from "./prometheus.ts";
import { SinglePod } from "./single-pod.ts";

const name = "grafana";
const port = 3000;
/** The user of the published image. */
const user = 472;

export interface GrafanaArgs {
  readonly config: Installed<GrafanaConfig>;
  readonly source: MetricSource;
  readonly airGap: AirGapConfig | undefined;
  readonly namespace: k8s.core.v1.Namespace;
  readonly prometheusUrl: string;
  /** Where traces are looked at; undefined where there is no Jaeger of this program's. */
  readonly jaegerUrl: string | undefined;
}

/** One Grafana with the mesh's dashboard, which everyone who reaches it may look at and nobody may change. */
export class Grafana extends pulumi.ComponentResource {
  readonly url = `http://${name}.${observabilityNamespace}:${port}`;

  constructor(cluster: Cluster, args: GrafanaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:Grafana", cluster.config.name, {}, opts);
    const { config, source, airGap, namespace, prometheusUrl, jaegerUrl } = args;
    new SinglePod(
      cluster,
      {
        name,
        namespace: namespace.metadata.name,
        image: mirrored(config.image, airGap?.registry),
        user,
        ports: [{ name: "http", port, appProtocol: "http" }],
        env: grafanaEnv,
        files: {
          "/etc/grafana/provisioning/datasources": {
            "datasources.yaml": asYaml(dataSources(prometheusUrl, jaegerUrl)),
          },
          "/etc/grafana/provisioning/dashboards": { "dashboards.yaml": asYaml(dashboardFolder) },
          [dashboardFolder.providers[0].options.path]: { "mesh.json": asYaml(meshDashboard(source)) },
        },
        folders: { "/var/lib/grafana": { size: "1Gi" }, "/tmp": { size: "100Mi" } },
        ready: { httpGet: { path: "/api/health", port: "http" } },
        resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "1000m", memory: "512Mi" } },
      },
      { parent: this },
    );
    this.registerOutputs({ url: this.url });
  }
}
