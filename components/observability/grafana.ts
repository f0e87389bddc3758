import * as pulumi from "@pulumi/pulumi";
import type { GrafanaConfig, Installed } from "../../config/schema.ts";
import type { Duration } from "../../services/duration.ts";
import type { MetricSource } from "../../services/telemetry.ts";
import type { Cluster } from "../cluster.ts";
import { asYaml } from "../yaml.ts";
import { meshDashboard } from "./dashboard.ts";
import { dashboardFolder, dataSources, grafanaEnv } from "./grafana-settings.ts";
import { serverPod, serverUrl, type ServerArgs } from "./server.ts";
import { SinglePod } from "./single-pod.ts";

const name = "grafana";
const port = 3000;
/** The user of the published image. */
const user = 472;

export interface GrafanaArgs extends ServerArgs<Installed<GrafanaConfig>> {
  readonly source: MetricSource;
  readonly prometheusUrl: string;
  /** How often it reads; undefined where that is its own affair. */
  readonly scrapeInterval: Duration | undefined;
  /** Where traces are looked at; undefined where there is no Jaeger of this program's. */
  readonly jaegerUrl: string | undefined;
}

/** One Grafana with the mesh's dashboard, which everyone who reaches it may look at and nobody may change. */
export class Grafana extends pulumi.ComponentResource {
  readonly url = serverUrl(name, port);

  constructor(cluster: Cluster, args: GrafanaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:Grafana", cluster.config.name, {}, opts);
    const { source, prometheusUrl, scrapeInterval, jaegerUrl } = args;
    new SinglePod(
      cluster,
      {
        ...serverPod(name, args),
        user,
        ports: [{ name: "http", port, appProtocol: "http" }],
        env: grafanaEnv,
        files: {
          "/etc/grafana/provisioning/datasources": {
            "datasources.yaml": asYaml(dataSources(prometheusUrl, scrapeInterval, jaegerUrl)),
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
