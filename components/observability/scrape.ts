import type { Duration } from "../../services/duration.ts";
import type { Engine } from "../../services/engine.ts";
import { istioPorts } from "../istio/ports.ts";
import { promqlDuration } from "./queries.ts";

/** How Prometheus finds and reads the pods of the mesh. */

/** Where the agent has them at `istioPorts.metrics`; no traffic is redirected there. */
export const sidecarPath = "/stats/prometheus";

/**
 * Annotations of a stage's pods. The injector keeps them for the agent, which reads the container's metrics over the
 * loopback interface, and points Prometheus at the agent instead: so the stage is read in plain text from outside the mesh
 * while its own port takes nothing but mutual TLS. An engine without metrics of its own needs none: the injector alone
 * points Prometheus at the agent, which then tells Envoy's.
 */
export function scrapeAnnotations(metrics: Engine["metrics"]): Record<string, string> {
  if (metrics === undefined) return {};
  const { port, path } = metrics;
  return { "prometheus.io/scrape": "true", "prometheus.io/port": String(port), "prometheus.io/path": path };
}

export interface Relabelling {
  source_labels: string[];
  regex?: string;
  target_label?: string;
  replacement?: string;
  action?: "keep" | "drop" | "replace";
}

const pod = "__meta_kubernetes_pod";
const annotation = `${pod}_annotation_prometheus_io`;

/** What tells a sample's origin: stage, version and whether it is a shadow, as the pod's labels say, the pod, and its node. */
export const originLabels: readonly Relabelling[] = [
  { source_labels: [`${pod}_label_app`], regex: "(.+)-service", target_label: "stage" },
  { source_labels: [`${pod}_label_version`], target_label: "version" },
  { source_labels: [`${pod}_label_linly_mesh_shadow`], target_label: "shadow" },
  { source_labels: [`${pod}_node_name`], target_label: "node" },
  { source_labels: [`${pod}_name`], target_label: "pod" },
  { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
];

/** Sends a scrape to a port of the pod's address; addresses of IPv6 stand in brackets. */
function toPort(source_labels: string[], port: string, suffix: string): Relabelling[] {
  return [
    { source_labels, regex: `([\\d.]+)${suffix}`, target_label: "__address__", replacement: `$1:${port}` },
    {
      source_labels,
      regex: `([\\da-fA-F]*:[\\da-fA-F:]+)${suffix}`,
      target_label: "__address__",
      replacement: `[$1]:${port}`,
    },
  ];
}

/** Pods that say by their annotations that they want to be read, at the port and path that these name. */
export const annotatedPods: readonly Relabelling[] = [
  { source_labels: [`${annotation}_scrape`], regex: "true", action: "keep" },
  { source_labels: [`${pod}_phase`], regex: "Pending|Succeeded|Failed", action: "drop" },
  { source_labels: [`${annotation}_path`], regex: "(.+)", target_label: "__metrics_path__" },
  ...toPort([`${pod}_ip`, `${annotation}_port`], "$2", ";(\\d+)"),
  ...originLabels,
];

/** Pods with a sidecar, at its agent's port: what a PodMonitor reads. */
export const sidecarPods: readonly Relabelling[] = [
  { source_labels: [`${pod}_container_name`], regex: "istio-proxy", action: "keep" },
  ...toPort([`${pod}_ip`], String(istioPorts.metrics), ""),
  ...originLabels,
];

/** Prometheus' configuration: the pods of these namespaces, how often they are read, and the rules beside it. */
export function prometheusConfig(namespaces: readonly string[], scrapeInterval: Duration, ruleFile: string) {
  const interval = promqlDuration(scrapeInterval);
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: [ruleFile],
    scrape_configs: [
      { job_name: "prometheus", static_configs: [{ targets: ["localhost:9090"] }] },
      {
        job_name: "mesh",
        kubernetes_sd_configs: [{ role: "pod", namespaces: { names: [...namespaces] } }],
        relabel_configs: [...annotatedPods],
      },
    ],
  };
}
