import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import { parse } from "yaml";
import type { Json, Plan, Step } from "../../engine/index.ts";
import { engines } from "../../services/engines/index.ts";
import { at, isObject, manifests, stepTitled } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";

/* A stack file holds less than what a configuration has become with its defaults: what changes is a part of it. */
const withMesh = (change: object) => planOf(stackWith("prod", (mesh) => ({ ...inOneCluster(mesh), ...change })));

const dir = mkdtempSync(join(tmpdir(), "linly-mesh-air-gap-"));
const registry = "mirror.example.com";

let published: Plan;
let mirrored: Plan;
let around: Plan;
let absent: Plan;

beforeAll(async () => {
  [published, mirrored] = await Promise.all([
    withMesh({}),
    withMesh({ airGap: { registry, charts: { folder: join(dir, "charts") } } }),
  ]);
  const operator = { labels: { release: "kube-prometheus-stack" } };
  const off = { install: false };
  const certManagerValues = {
    ...{ image: { tag: "v1.21.3" }, http_proxy: "http://proxy.example.com:3128", podDnsPolicy: "None" },
    podDisruptionBudget: { enabled: true },
  };
  [around, absent] = await Promise.all([
    withMesh({
      addons: {
        ...{ certManager: { values: certManagerValues } },
        gpuDevicePlugin: { timeSlicing: { replicas: 4 } },
        prometheus: { install: false, operator, existing: { url: "http://prometheus.monitoring:9090" } },
        jaeger: { install: false, existing: { service: "otel.tracing.svc.cluster.local" } },
      },
      telemetry: { tracing: { sampling: 5 }, metrics: { disabled: ["RESPONSE_SIZE"] } },
    }),
    withMesh({
      addons: { certManager: off, gpuDevicePlugin: off, prometheus: off, grafana: off, jaeger: off },
      istio: { charts: { repository: "https://istio-release.storage.googleapis.com/charts", version: "1.31.1" } },
      ingress: { hosts: ["talk.example.com"] },
      telemetry: { alerts: { latency: { enabled: false }, errors: { enabled: false } } },
    }),
  ]);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const releases = (plan: Plan) =>
  Object.fromEntries(plan.steps.filter(({ kind }) => kind === "release").map(({ title, inputs }) => [title, inputs]));
const named = (plan: Plan, kind: string) => manifests(plan, kind).map((manifest) => at(manifest, "metadata", "name"));

describe("by default", () => {
  test("cert-manager is a Release of the cluster's own provider, its CRDs among what the Release upgrades", () => {
    const release = stepTitled(published, "Release cert-manager/cert-manager");
    expect(release.cluster).toBe("beijing");
    expect(release.inputs).toMatchObject({
      chart: "cert-manager",
      version: "v1.21.2",
      repositoryOpts: { repo: "https://charts.jetstack.io" },
      values: { crds: { enabled: true, keep: true } },
    });
    expect(release.inputs["skipCrds"]).toBeUndefined();
  });

  test("Istio's CRDs are upgraded with their Release too: base comes before what needs them", () => {
    const { inputs } = stepTitled(published, "Release istio-system/istio-base");
    expect(inputs["skipCrds"]).toBeUndefined();
    expect(inputs["version"]).toBe(stepTitled(published, "Release istio-system/istiod").inputs["version"]);
  });

  test("the device plugin goes where the GPUs are", () => {
    const { inputs } = stepTitled(published, "Release nvidia-device-plugin/nvidia-device-plugin");
    expect(inputs).toMatchObject({ chart: "nvidia-device-plugin", version: "0.20.0", allowNullValues: true });
    expect(at(inputs, "values", "affinity")).toBe(null);
  });

  test("Prometheus, Grafana and Jaeger run outside the mesh", () => {
    expect(named(published, "Deployment")).toEqual(expect.arrayContaining(["prometheus", "grafana", "jaeger"]));
    const labels = at(stepTitled(published, "Namespace observability").inputs, "metadata", "labels");
    expect(labels).toEqual({ "pod-security.kubernetes.io/enforce": "restricted", "istio-injection": "disabled" });
  });

  test("Prometheus finds pods in three namespaces and may read nothing else", () => {
    expect(manifests(published, "Role").map((role) => [at(role, "metadata", "namespace"), role["rules"]])).toEqual(
      ["istio-ingress", "istio-system", "linly"].map((namespace) => [
        namespace,
        [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
      ]),
    );
    expect(manifests(published, "ClusterRole")).toEqual([]);
  });

  test("its configuration and rules are what its pod was made for", () => {
    const data = at(stepTitled(published, "ConfigMap observability/prometheus").inputs, "data");
    const names = ["StageLatencyRise", "StageErrors", "UserKeysNotFetched", "ListenersRejected", "UserTokensRefused"];
    expect(parse(String(at(data, "rules.yml")))).toMatchObject({
      groups: [{ rules: names.map((alert) => ({ alert })) }],
    });
    const pod = at(stepTitled(published, "Deployment observability/prometheus").inputs, "spec", "template");
    expect(at(pod, "metadata", "annotations", "linly-mesh/config-hash")).toMatch(/^[0-9a-f]{16}$/);
    expect(at(pod, "spec", "volumes", 0, "configMap", "name")).toBe("prometheus");
    expect(at(pod, "spec", "containers", 0, "args")).toContain("--storage.tsdb.retention.size=6871947673B");
    expect(at(pod, "spec", "volumes", 1, "emptyDir")).toEqual({ sizeLimit: "8Gi" });
  });

  test.each([
    ["llm-service-v1-stable", { "prometheus.io/scrape": "true", "prometheus.io/port": "8000" }],
    ["tts-service-production", undefined],
  ])("%s is read through its sidecar, and by itself only where its engine tells metrics", (name, expected) => {
    const pod = at(stepTitled(published, `Deployment linly/${name}`).inputs, "spec", "template");
    const annotations = at(pod, "metadata", "annotations");
    if (expected === undefined) expect(annotations).not.toHaveProperty(["prometheus.io/scrape"]);
    else expect(annotations).toMatchObject(expected);
  });

  test("one request in a hundred is traced", () => {
    expect(at(stepTitled(published, "Telemetry istio-system/mesh-default").inputs, "spec", "tracing")).toEqual([
      { providers: [{ name: "traces" }], randomSamplingPercentage: 1 },
    ]);
  });
});

describe("around what a cluster has", () => {
  test("the operator's resources take the place of a server", () => {
    for (const kind of ["PodMonitor", "ServiceMonitor", "PrometheusRule"]) {
      const [resource, ...others] = manifests(around, kind);
      expect(others).toEqual([]);
      expect(resource?.["apiVersion"]).toBe("monitoring.coreos.com/v1");
      expect(at(resource, "metadata", "labels")).toEqual({ release: "kube-prometheus-stack" });
    }
    expect(named(around, "Deployment")).not.toContain("prometheus");
    expect(manifests(around, "Role")).toEqual([]);
  });

  test("Grafana reads the Prometheus that is there", () => {
    const data = at(stepTitled(around, "ConfigMap observability/grafana").inputs, "data");
    expect(parse(String(at(data, "datasources.yaml")))).toMatchObject({
      datasources: [{ type: "prometheus", url: "http://prometheus.monitoring:9090" }],
    });
  });

  test("spans go to the collector that is there, which each sidecar may reach", () => {
    const { inputs } = stepTitled(around, "Release istio-system/istiod");
    expect(at(inputs, "values", "meshConfig", "extensionProviders")).toEqual([
      { name: "traces", opentelemetry: { service: "otel.tracing.svc.cluster.local", port: 4317 } },
    ]);
    for (const sidecar of manifests(around, "Sidecar")) {
      expect(at(sidecar, "spec", "egress", 0, "hosts")).toContain("tracing/otel.tracing.svc.cluster.local");
    }
    expect(at(stepTitled(around, "Telemetry istio-system/mesh-default").inputs, "spec")).toMatchObject({
      tracing: [{ randomSamplingPercentage: 5 }],
      metrics: [
        {
          overrides: [
            { match: { metric: "REQUEST_DURATION", mode: "CLIENT" }, disabled: true },
            { match: { metric: "RESPONSE_SIZE" }, disabled: true },
          ],
        },
      ],
    });
  });

  test("cert-manager's own arguments and its other values both reach the chart", () => {
    expect(stepTitled(around, "Release cert-manager/cert-manager").inputs["values"]).toEqual({
      crds: { enabled: true, keep: true },
      global: { leaderElection: { namespace: "cert-manager" } },
      http_proxy: "http://proxy.example.com:3128",
      image: { tag: "v1.21.3" },
      podDnsPolicy: "None",
      podDisruptionBudget: { enabled: true },
    });
  });
});

test("install: false leaves nothing of an add-on", () => {
  expect(Object.keys(releases(absent)).filter((title) => !title.includes("istio"))).toEqual([]);
  const namespaces = named(absent, "Namespace").map(String);
  expect(namespaces.sort()).toEqual(["istio-cni", "istio-ingress", "istio-system", "linly"]);
  // Errors are logged, and metrics trimmed, whoever reads them.
  expect(manifests(absent, "Telemetry").map((telemetry) => Object.keys(Object(at(telemetry, "spec"))))).toEqual([
    ["accessLogging", "metrics"],
  ]);
});

describe("without internet", () => {
  /** Every image of a container, wherever it stands. The injector puts its own in place of `auto`. */
  function imagesIn(value: Json | undefined): string[] {
    if (Array.isArray(value)) return value.flatMap(imagesIn);
    if (!isObject(value)) return [];
    const { image, ...rest } = value;
    const own = typeof image === "string" && image !== "auto" ? [image] : [];
    return [...own, ...Object.values(rest).flatMap(imagesIn)];
  }

  const isElsewhere = (image: string) => !image.startsWith(`${registry}/`);
  const images = (plan: Plan) => plan.steps.filter(inCluster).flatMap(({ inputs }) => imagesIn(inputs));
  const inCluster = ({ kind }: Step) => kind === "object";

  test("every image comes from the one registry", () => {
    expect(images(mirrored).filter(isElsewhere)).toEqual([]);
    expect(images(mirrored)).toContain(
      `${registry}/prom/prometheus:v3.15.0@sha256:efd719c99d83b060d9daefdcf00360461adf279f45ef5391f8d111892118753e`,
    );
    expect(images(mirrored)).toContain(`${registry}/${engines.vllm.image}`);
  });

  test("the control: without it they come from where they are published", () => {
    const elsewhere = images(published).filter(isElsewhere);
    expect(elsewhere).toEqual(images(published));
    expect(elsewhere).toEqual(
      expect.arrayContaining([
        ...[
          "docker.io/grafana/grafana:13.2.3@sha256:b28bae15e219c998fb0e0424ed724930cc61b1f61fb404d47c862f9a23f9e572",
          "docker.io/jaegertracing/jaeger:2.21.0@sha256:3d0ac795ff98aa04d1be04311d2dac6c25b4bfc8322dc02e53bc5b170c5018c3",
        ],
        ...[
          "docker.io/prom/prometheus:v3.15.0@sha256:efd719c99d83b060d9daefdcf00360461adf279f45ef5391f8d111892118753e",
          engines.vllm.image,
        ],
      ]),
    );
  });

  test("every chart comes from the one source, and is told the registry", () => {
    const told: Record<string, Json | undefined> = {};
    for (const [title, inputs] of Object.entries(releases(mirrored))) {
      expect(inputs["chart"], title).toMatch(new RegExp(`^${dir}/charts/`));
      expect(at(inputs, "repositoryOpts", "repo") ?? "", title).toBe("");
      told[title.replace(/^.*\//, "")] = inputs["values"];
    }
    expect(told).toMatchObject({
      "cert-manager": { imageRegistry: registry },
      "nvidia-device-plugin": { image: { repository: `${registry}/nvidia/k8s-device-plugin` } },
      istiod: { global: { hub: `${registry}/release` } },
      "istio-cni": { global: { hub: `${registry}/release` } },
    });
  });
});
