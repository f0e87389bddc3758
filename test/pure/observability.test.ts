import { describe, expect, test } from "vitest";
import { alertRules, ruleGroups } from "../../components/observability/alerts.ts";
import { collectorOf } from "../../components/observability/collector.ts";
import { meshDashboard } from "../../components/observability/dashboard.ts";
import { dataSources } from "../../components/observability/grafana-settings.ts";
import { telemetrySpec } from "../../components/observability/mesh-telemetry.ts";
import {
  errorShare,
  latency,
  promqlDuration,
  requestRate,
  versionShare,
} from "../../components/observability/queries.ts";
import {
  annotatedPods,
  prometheusConfig,
  scrapeAnnotations,
  sidecarPods,
  type Relabelling,
} from "../../components/observability/scrape.ts";
import { retentionArgs, sampleVolume } from "../../components/observability/retention.ts";
import { hashOf, volumesOf } from "../../components/observability/pod-volumes.ts";
import { egressHosts } from "../../components/traffic/sidecar-scope.ts";
import { installed, meshSchema, type TelemetryConfig } from "../../config/schema.ts";
import { alertNeeds, requestMetrics } from "../../services/telemetry.ts";
import { stageOf } from "../../services/catalogue.ts";

function telemetry(given: object = {}): TelemetryConfig {
  return meshSchema.shape.telemetry.parse(given);
}

describe("questions", () => {
  const question = { by: ["stage"], span: "5m" };

  test.each([
    ["istio", 'sum by (stage) (rate(istio_requests_total{reporter="destination", stage!="", shadow=""}[5m]))'],
    ["stage", 'sum by (stage) (rate(stage_requests_total{stage!="", shadow=""}[5m]))'],
  ] as const)("requests as %s counts them", (source, expr) => {
    expect(requestRate({ ...question, source })).toBe(expr);
  });

  test("durations are in seconds, whatever their source counts in", () => {
    expect(latency(0.99, { ...question, source: "stage", ago: "5m" })).toBe(
      'histogram_quantile(0.99, sum by (stage, le) (rate(stage_request_duration_seconds_bucket{stage!="", shadow=""}[5m] offset 5m)))',
    );
    expect(latency(0.5, { ...question, source: "istio" })).toBe(
      '(histogram_quantile(0.5, sum by (stage, le) (rate(istio_request_duration_milliseconds_bucket{reporter="destination", stage!="", shadow=""}[5m]))) * 0.001)',
    );
  });

  test("a shadow, whose answers nobody waits for, counts only where it is asked for", () => {
    const both = requestRate({ ...question, source: "stage", shadows: true });
    expect(both).toBe('sum by (stage) (rate(stage_requests_total{stage!=""}[5m]))');
    const panels = meshDashboard("stage").panels.map(({ title, targets }) => [title, targets[0]?.expr ?? ""]);
    const without = panels.filter(([, expr]) => expr?.includes('shadow=""')).map(([title]) => title);
    expect(without).toEqual(["P99 by node", "Canary shares"]);
    for (const { expr } of alertRules(telemetry())) {
      expect(expr.split('stage!=""').length).toBe(expr.split('stage!="", shadow=""').length);
    }
  });

  test("errors and versions are shares", () => {
    expect(errorShare({ ...question, source: "istio" })).toMatch(
      /^sum by \(stage\) \(rate\(istio_requests_total\{reporter="destination", stage!="", shadow="", response_code=~"5\.\."\}\[5m\]\) or rate\(istio_requests_total\{.*, response_code!~"5\.\.", grpc_response_status=~"2\|4\|12\|13\|14\|15", response_flags!~"[^"]*"\}\[5m\]\)\) \/ sum/,
    );
    expect(errorShare({ ...question, source: "stage" })).toBe(
      'sum by (stage) (rate(stage_requests_total{stage!="", shadow="", code=~"5.."}[5m])) / sum by (stage) (rate(stage_requests_total{stage!="", shadow=""}[5m]))',
    );
    expect(versionShare("stage", "5m")).toContain("/ on (stage) group_left ()");
  });
});

describe("alerts", () => {
  test("the rise of P99 is four times as long as one span before, judged by enough requests, of the worst node", () => {
    const [rule] = alertRules(telemetry({ metrics: { source: "stage" } }));
    const buckets = 'stage_request_duration_seconds_bucket{stage!="", shadow=""}';
    const counter = 'stage_requests_total{stage!="", shadow=""}';
    expect(rule?.expr.split("\n")).toEqual([
      `topk by (stage) (1, histogram_quantile(0.99, sum by (stage, node, le) (rate(${buckets}[600s]))))`,
      `and on (stage) (histogram_quantile(0.99, sum by (stage, le) (rate(${buckets}[600s]))) > 4 * histogram_quantile(0.99, sum by (stage, le) (rate(${buckets}[600s] offset 600s))))`,
      `and on (stage) (sum by (stage) (increase(${counter}[600s])) >= 100)`,
      `and on (stage) (sum by (stage) (increase(${counter}[600s] offset 600s)) >= 100)`,
    ]);
    expect(rule?.annotations["description"]).toContain("{{ $labels.node }}");
  });

  test.each([
    [{}, ["StageLatencyRise", "StageErrors"]],
    [{ alerts: { latency: { enabled: false } } }, ["StageErrors"]],
    [{ alerts: { latency: { enabled: false }, errors: { enabled: false } } }, []],
  ])("%j: %j", (given, names) => {
    expect(alertRules(telemetry(given)).map(({ alert }) => alert)).toEqual(names);
  });

  test.each([
    [50, "> 1.5 *"],
    [300, "> 4 *"],
  ])("a rise of %i %% is %s what it was", (rise, factor) => {
    expect(alertRules(telemetry({ alerts: { latency: { rise } } }))[0]?.expr).toContain(factor);
  });

  test("each reads those metrics of Istio alone that the check of the stack file knows of", () => {
    const metrics = { REQUEST_COUNT: requestMetrics.istio.requests, REQUEST_DURATION: requestMetrics.istio.durations };
    const [latencyRule, errorRule] = alertRules(telemetry());
    const read = (expr = "") =>
      Object.entries(metrics).flatMap(([name, metric]) => (expr.includes(metric) ? [name] : []));
    expect(read(latencyRule?.expr)).toEqual(alertNeeds.latency);
    expect(read(errorRule?.expr)).toEqual(alertNeeds.errors);
  });

  test.each([
    ["10m", "600s"],
    ["1.5m", "90s"],
    ["1h", "3600s"],
  ] as const)("%s is %s to Prometheus", (duration, text) => {
    expect(promqlDuration(duration)).toBe(text);
  });

  test("are one group", () => {
    const { groups } = ruleGroups(telemetry(), undefined);
    expect(groups.map(({ name, rules }) => [name, rules.length])).toEqual([["linly-mesh", 2]]);
  });
});

/** What Prometheus does with a target's labels; undefined for a target that it drops. */
function relabelled(rules: readonly Relabelling[], found: Record<string, string>): Record<string, string> | undefined {
  const labels = { ...found };
  for (const { source_labels, regex = "(.*)", target_label = "", replacement = "$1", action = "replace" } of rules) {
    const text = source_labels.map((name) => labels[name] ?? "").join(";");
    const match = new RegExp(`^(?:${regex})$`).exec(text);
    if (action === "keep" && match === null) return undefined;
    if (action === "drop" && match !== null) return undefined;
    if (action === "replace" && match !== null) {
      labels[target_label] = replacement.replaceAll(/\$(\d)/g, (_all, group: string) => match[Number(group)] ?? "");
    }
  }
  return Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => !name.startsWith("__meta_") && value !== ""),
  );
}

describe("scraping", () => {
  const pod = "__meta_kubernetes_pod";
  // What the injector leaves of the annotations: the agent's port and path in place of the stage's.
  const injected = {
    __address__: "10.0.0.7:8001",
    __metrics_path__: "/metrics",
    __meta_kubernetes_namespace: "linly",
    [`${pod}_ip`]: "10.0.0.7",
    [`${pod}_phase`]: "Running",
    [`${pod}_name`]: "tts-service-v1-abc",
    [`${pod}_node_name`]: "gpu-1",
    [`${pod}_label_app`]: "tts-service",
    [`${pod}_label_version`]: "v1",
    [`${pod}_container_name`]: "istio-proxy",
    [`${pod}_annotation_prometheus_io_scrape`]: "true",
    [`${pod}_annotation_prometheus_io_port`]: "15020",
    [`${pod}_annotation_prometheus_io_path`]: "/stats/prometheus",
  };
  const origin = { namespace: "linly", pod: "tts-service-v1-abc", node: "gpu-1", stage: "tts", version: "v1" };

  test("goes to the sidecar's agent, and names stage, version and node", () => {
    const wanted = { __address__: "10.0.0.7:15020", __metrics_path__: "/stats/prometheus", ...origin };
    expect(relabelled(annotatedPods, injected)).toEqual(wanted);
    expect(relabelled(sidecarPods, injected)).toEqual({ ...wanted, __metrics_path__: "/metrics" });
  });

  test("a shadow is told from the stage's other pods", () => {
    const shadow = { ...injected, [`${pod}_label_linly_mesh_shadow`]: "true" };
    for (const rules of [annotatedPods, sidecarPods]) {
      expect(relabelled(rules, shadow)).toMatchObject({ stage: "tts", version: "v1", shadow: "true" });
    }
  });

  test("an address of IPv6 stands in brackets", () => {
    const found = { ...injected, [`${pod}_ip`]: "fd00::7" };
    expect(relabelled(annotatedPods, found)).toMatchObject({ __address__: "[fd00::7]:15020" });
    expect(relabelled(sidecarPods, found)).toMatchObject({ __address__: "[fd00::7]:15020" });
  });

  test.each([
    [annotatedPods, { [`${pod}_annotation_prometheus_io_scrape`]: "" }],
    [annotatedPods, { [`${pod}_phase`]: "Succeeded" }],
    [sidecarPods, { [`${pod}_container_name`]: "tts" }],
  ])("a pod that is not to be read is left out", (rules, change) => {
    expect(relabelled(rules, { ...injected, ...change })).toBeUndefined();
  });

  test("a pod that is no stage has no stage's name", () => {
    const gateway = { ...injected, [`${pod}_label_app`]: "istio-ingress", [`${pod}_label_version`]: "" };
    expect(relabelled(annotatedPods, gateway)).not.toHaveProperty("stage");
  });

  test("a stage tells its own port, and the injector the agent's", () => {
    expect(scrapeAnnotations(undefined)).toEqual({});
    expect(scrapeAnnotations({ port: 8001, path: "/metrics" })).toEqual({
      "prometheus.io/scrape": "true",
      "prometheus.io/port": "8001",
      "prometheus.io/path": "/metrics",
    });
  });

  test("looks for pods in these namespaces and no others", () => {
    const { global, scrape_configs } = prometheusConfig(["linly", "istio-system"], "1.5m", "rules.yml");
    expect(global).toEqual({ scrape_interval: "90s", evaluation_interval: "90s" });
    expect(scrape_configs[1]).toMatchObject({
      kubernetes_sd_configs: [{ role: "pod", namespaces: { names: ["linly", "istio-system"] } }],
    });
  });
});

describe("the dashboard", () => {
  const { panels } = meshDashboard("istio");

  test("answers each question once", () => {
    expect(panels.map(({ title }) => title)).toEqual([
      ...["Requests", "Errors", "P50", "P95", "P99", "P99 by node", "Canary shares"],
    ]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  test("no two panels overlap", () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_cell, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  test("reads the data source that is provisioned", () => {
    const [prometheus, jaeger] = dataSources("http://p:9090", "5s", "http://j:16686").datasources;
    expect(new Set(panels.map(({ datasource }) => datasource.uid))).toEqual(new Set([prometheus?.uid]));
    expect(prometheus).toMatchObject({ jsonData: { timeInterval: "5s" } });
    expect(jaeger).toMatchObject({ type: "jaeger", url: "http://j:16686" });
    const [other, ...rest] = dataSources("http://p:9090", undefined, undefined).datasources;
    expect(other).not.toHaveProperty("jsonData");
    expect(rest).toEqual([]);
  });
});

describe("traces", () => {
  const addons = (jaeger: object) => meshSchema.shape.addons.parse({ jaeger });
  const own = { service: "jaeger.observability.svc.cluster.local", namespace: "observability", port: 4317 };
  const existing = { service: "otel.tracing.svc.cluster.local", port: 14317 };

  test.each([
    [{}, own],
    [{ install: false }, undefined],
    [
      { install: false, existing },
      { ...existing, namespace: "tracing" },
    ],
  ])("with %j go to %j", (jaeger, collector) => {
    expect(collectorOf(addons(jaeger))).toEqual(collector);
  });

  test("reach the collector, as the only host of a stage that calls nobody", () => {
    const collector = "observability/jaeger.observability.svc.cluster.local";
    expect(egressHosts([], "linly", own)).toEqual([collector]);
    expect(egressHosts([stageOf("tts")], "linly", own)).toEqual(["./tts-service.linly.svc.cluster.local", collector]);
    expect(egressHosts([], "linly")).toEqual(["~/*"]);
  });

  test("are sampled as the stack says", () => {
    expect(telemetrySpec(telemetry({ tracing: { sampling: 0.5 } }), own)).toHaveProperty("tracing", [
      { providers: [{ name: "traces" }], randomSamplingPercentage: 0.5 },
    ]);
    expect(telemetrySpec(telemetry(), undefined)).not.toHaveProperty("tracing");
  });
});

describe("what sidecars tell", () => {
  const metricsOf = (disabled?: readonly string[]) =>
    telemetrySpec(telemetry({ metrics: { disabled } }), undefined).metrics;
  const off = (metric: string, mode?: string) => ({ match: { metric, ...(mode && { mode }) }, disabled: true });

  test("errors alone are logged", () => {
    expect(telemetrySpec(telemetry(), undefined).accessLogging).toEqual([
      { providers: [{ name: "envoy" }], filter: { expression: "response.code >= 400 || response.flags != 0" } },
    ]);
  });

  test.each([
    [undefined, [off("REQUEST_DURATION", "CLIENT"), off("REQUEST_SIZE"), off("RESPONSE_SIZE")]],
    [[], [off("REQUEST_DURATION", "CLIENT")]],
    [["TCP_SENT_BYTES"], [off("REQUEST_DURATION", "CLIENT"), off("TCP_SENT_BYTES")]],
    [["REQUEST_DURATION"], [off("REQUEST_DURATION")]], // once off, it is on neither side
  ])("with %j left out", (disabled, overrides) => {
    // A provider named here would be switched on where the chart has it off.
    expect(metricsOf(disabled)).toEqual([{ overrides }]);
  });

  test("what is not told by default is nothing that a question or an alert reads", () => {
    const unread = telemetry().metrics.disabled;
    expect(
      Object.values(alertNeeds)
        .flat()
        .filter((metric) => unread.includes(metric)),
    ).toEqual([]);
    // The dashboard and the alerts read what the answering side measured.
    expect(requestMetrics.istio.selector).toBe('reporter="destination"');
  });
});

describe("samples", () => {
  const size = 2 ** 30;
  test.each([
    [{}, "7d", 0.8 * 8 * size, { size: "8Gi", keep: false }],
    [{ retention: "15d", storage: "50Gi" }, "15d", 0.8 * 50 * size, { size: "50Gi", keep: true }],
    [{ storage: "1.5G" }, "7d", 1.2e9, { size: "1.5G", keep: true }],
    [{ storage: "1k" }, "7d", 800, { size: "1k", keep: true }], // no rounding to 0, which would be no limit
  ])("with %j go after %s, or before they take more than %d bytes of %j", (given, time, bytes, volume) => {
    const config = installed(meshSchema.shape.addons.parse({ prometheus: given }).prometheus);
    if (config === undefined) throw new Error("it is not installed");
    expect(retentionArgs(config)).toEqual([
      `--storage.tsdb.retention.time=${time}`,
      `--storage.tsdb.retention.size=${Math.floor(bytes)}B`,
    ]);
    expect(sampleVolume(config)).toEqual(volume);
  });
});

describe("a single pod", () => {
  const files = { "/etc/a": { "a.yml": "1" }, "/etc/b": { "b.yml": "2" } };

  test("mounts each file in its folder, and writes where it may", () => {
    expect(volumesOf({ name: "p", files, folders: { "/data": { size: "1Gi" } } })).toEqual({
      mounts: [
        { name: "v0", mountPath: "/etc/a", readOnly: true },
        { name: "v1", mountPath: "/etc/b", readOnly: true },
        { name: "v2", mountPath: "/data" },
      ],
      volumes: [
        { name: "v0", configMap: { name: "p", items: [{ key: "a.yml", path: "a.yml" }] } },
        { name: "v1", configMap: { name: "p", items: [{ key: "b.yml", path: "b.yml" }] } },
        { name: "v2", emptyDir: { sizeLimit: "1Gi" } },
      ],
      claims: [],
      data: { "a.yml": "1", "b.yml": "2" },
    });
  });

  test("keeps a folder in a claim", () => {
    const { volumes, claims } = volumesOf({ name: "p", folders: { "/data": { size: "9Gi", keep: true } } });
    expect(volumes).toEqual([{ name: "v0", persistentVolumeClaim: { claimName: "p" } }]);
    expect(claims).toMatchObject([{ claim: "p", size: "9Gi" }]);
  });

  test("is replaced when a file changes", () => {
    expect(hashOf(files)).toBe(hashOf(structuredClone(files)));
    expect(hashOf(files)).not.toBe(hashOf({ ...files, "/etc/a": { "a.yml": "2" } }));
  });
});
