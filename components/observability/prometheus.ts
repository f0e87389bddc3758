import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Installed, PrometheusConfig, TelemetryConfig, UsersConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { asYaml } from "../yaml.ts";
import { ruleGroups } from "./alerts.ts";
import { observabilityNamespace } from "./collector.ts";
import { retentionArgs, sampleVolume } from "./retention.ts";
import { prometheusConfig } from "./scrape.ts";
import { serverPod, serverUrl, type ServerArgs } from "./server.ts";
import { SinglePod } from "./single-pod.ts";

const name = "prometheus";
const port = 9090;
/** The user of the published image: nobody. */
const user = 65534;

export interface PrometheusArgs extends ServerArgs<Installed<PrometheusConfig>> {
  readonly telemetry: TelemetryConfig;
  readonly users: UsersConfig | undefined;
  /** The namespaces whose pods it reads: name, and what has to be there first. */
  readonly scrapes: readonly { readonly name: string; readonly after: pulumi.Resource }[];
}

/** One Prometheus that reads the pods of the mesh and judges the alerts. */
export class Prometheus extends pulumi.ComponentResource {
  readonly url = serverUrl(name, port);

  constructor(cluster: Cluster, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:Prometheus", cluster.config.name, {}, opts);
    const { config, telemetry, users, namespace, scrapes } = args;
    const child = { parent: this, provider: cluster.provider };

    const serviceAccount = new k8s.core.v1.ServiceAccount(
      `${cluster.config.name}-${name}`,
      { metadata: { name, namespace: namespace.metadata.name } },
      child,
    );
    const access = scrapes.flatMap((scraped) => mayList(cluster, serviceAccount, scraped, child));
    const configuration = {
      "prometheus.yml": asYaml(
        prometheusConfig(
          scrapes.map((scraped) => scraped.name),
          config.scrapeInterval,
          "rules.yml",
        ),
      ),
      "rules.yml": asYaml(ruleGroups(telemetry, users)),
    };
    new SinglePod(
      cluster,
      {
        ...serverPod(name, args),
        user,
        ports: [{ name: "http", port, appProtocol: "http" }],
        args: [
          "--config.file=/etc/prometheus/prometheus.yml",
          "--storage.tsdb.path=/prometheus",
          ...retentionArgs(config),
        ],
        files: { "/etc/prometheus": configuration },
        folders: { "/prometheus": sampleVolume(config) },
        ready: { httpGet: { path: "/-/ready", port: "http" } },
        alive: { httpGet: { path: "/-/healthy", port: "http" } },
        resources: { requests: { cpu: "100m", memory: "512Mi" }, limits: { cpu: "1000m", memory: "2Gi" } },
        serviceAccount,
      },
      { parent: this, dependsOn: access },
    );
    this.registerOutputs({ url: this.url });
  }
}

/** Lets Prometheus find the pods of one namespace, and nothing more. */
function mayList(
  cluster: Cluster,
  serviceAccount: k8s.core.v1.ServiceAccount,
  { name: namespace, after }: PrometheusArgs["scrapes"][number],
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const logicalName = `${cluster.config.name}-${name}-${namespace}`;
  const metadata = { name, namespace };
  const role = new k8s.rbac.v1.Role(
    logicalName,
    { metadata, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }] },
    { ...opts, dependsOn: [after] },
  );
  const binding = new k8s.rbac.v1.RoleBinding(
    logicalName,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: serviceAccount.metadata.name, namespace: observabilityNamespace }],
    },
    { ...opts, dependsOn: [role] },
  );
  return [role, binding];
}
