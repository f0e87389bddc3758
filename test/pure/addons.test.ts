import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { splitValues } from "../../components/addons/cert-manager-args.ts";
import { gpuResource } from "../../components/addons/gpu-resource.ts";
import { gpuDevicePluginValues } from "../../components/addons/gpu-values.ts";
import { chartFrom, mirroredCharts } from "../../components/charts.ts";
import { mirrored, mirroredHub } from "../../components/images.ts";
import { valuesOf } from "../../components/istio/values.ts";
import { checkMesh } from "../../config/parse.ts";
import { installed, type GpuDevicePluginConfig, type MeshConfig } from "../../config/schema.ts";
import { certManagerArguments } from "../../config/cert-manager-arguments.ts";
import { certManagerArguments as passedOn } from "../../engine/program/cert-manager-arguments.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { projectDir } from "../../cli/project.ts";

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["nginx:1.29", "mirror.example.com/library/nginx:1.29"],
  ["docker.io/nginx:1.29", "mirror.example.com/library/nginx:1.29"],
  ["prom/prometheus:v3", "mirror.example.com/prom/prometheus:v3"],
  ["docker.io/prom/prometheus:v3", "mirror.example.com/prom/prometheus:v3"],
  ["quay.io/jetstack/cert-manager-webhook:v1", "mirror.example.com/jetstack/cert-manager-webhook:v1"],
  ["localhost/a/b:1", "mirror.example.com/a/b:1"],
  ["localhost:5000/b:1", "mirror.example.com/b:1"],
  [`ghcr.io/a/b:1@${digest}`, `mirror.example.com/a/b:1@${digest}`],
  [`a@${digest}`, `mirror.example.com/library/a@${digest}`],
  ["mirror.example.com/a:1", "mirror.example.com/a:1"], // there already
  ["mirror.example.com.cn/a:1", "mirror.example.com/a:1"], // another registry that only begins alike
])("%s is mirrored as %s", (image, expected) => {
  expect(mirrored(image, "mirror.example.com")).toBe(expected);
  expect(mirrored(image, undefined)).toBe(image);
});

test("a registry may have a path", () => {
  expect(mirrored("nginx:1", "hub.example.com:8443/proxy")).toBe("hub.example.com:8443/proxy/library/nginx:1");
});

test.each([
  ["docker.io/istio", "mirror.example.com/istio"],
  ["registry.istio.io/release", "mirror.example.com/release"],
  ["istio", "mirror.example.com/istio"],
  ["mirror.example.com/istio", "mirror.example.com/istio"],
])("images below %s are mirrored below %s", (hub, expected) => {
  expect(mirroredHub(hub, "mirror.example.com")).toBe(expected);
});

describe("charts", () => {
  const published = { repository: "https://charts.example.com", version: "1.2.3" };
  test.each([
    [undefined, { chart: "c", version: "1.2.3", repositoryOpts: { repo: "https://charts.example.com" } }],
    [{ oci: "oci://m/charts/" }, { chart: "oci://m/charts/c", version: "1.2.3" }],
    [{ repository: "https://m" }, { chart: "c", version: "1.2.3", repositoryOpts: { repo: "https://m" } }],
    [{ folder: "charts/" }, { chart: "charts/c" }],
  ])("from the mirror %o: %o", (charts, expected) => {
    expect(chartFrom(mirroredCharts(published, charts && { charts }), "c")).toEqual(expected);
  });

  const digest = `sha256:${"0a".repeat(32)}`;
  const pinned = { oci: "oci://charts.example.com", version: "1.2.3", digests: { c: digest } };
  test.each([
    [undefined, { chart: `oci://charts.example.com/c@${digest}`, version: "1.2.3" }],
    [{ oci: "oci://m/charts" }, { chart: `oci://m/charts/c@${digest}`, version: "1.2.3" }],
  ])("of one digest, from the mirror %o: %o", (charts, expected) => {
    expect(chartFrom(mirroredCharts(pinned, charts && { charts }), "c")).toEqual(expected);
  });

  test.each([
    [
      "each with its digest",
      { digests: { base: digest, istiod: digest, cni: digest, gateway: digest } },
      undefined,
      [],
    ],
    [
      "one without",
      { digests: { base: digest, istiod: digest, cni: digest } },
      undefined,
      ["istio.charts.digests.gateway: is missing; where one chart has a digest, each has"],
    ],
    [
      "one that is no digest",
      { digests: { base: "sha256:0a", istiod: digest, cni: digest, gateway: digest } },
      undefined,
      ['istio.charts.digests.base: "sha256:0a" is not a digest, "sha256:" and 64 hexadecimal digits'],
    ],
    [
      "a mirror that knows none",
      { digests: { base: digest, istiod: digest, cni: digest, gateway: digest } },
      { registry: "m", charts: { folder: "charts" } },
      [
        "istio.charts.digests: can only be held to in an OCI registry, and airGap.charts is none: mirror the charts by { oci }",
      ],
    ],
  ])("%s", (_what, change, airGap, expected) => {
    const { istio } = readStackFile(projectDir, "prod").mesh;
    const charts = { oci: "oci://charts.example.com", version: "1.31.1", ...change };
    const mesh = { ...readStackFile(projectDir, "prod").mesh, istio: { ...istio, charts }, ...(airGap && { airGap }) };
    expect(checkMesh(mesh).faults.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
  });

  test("a folder is at hand in any case", () => {
    expect(mirroredCharts({ folder: "own" }, { charts: { oci: "oci://m" } })).toEqual({ folder: "own" });
  });
});

function meshWith(change: object): MeshConfig {
  const { config, faults } = checkMesh({ ...readStackFile(projectDir, "prod").mesh, ...change });
  if (config === undefined) throw new Error(JSON.stringify(faults));
  return config;
}

const plugin = (change: object): GpuDevicePluginConfig =>
  meshWith({ addons: { gpuDevicePlugin: change } }).addons.gpuDevicePlugin;

describe("the GPU device plugin", () => {
  test.each([
    [{}, "nvidia.com/gpu"],
    [{ install: false }, "nvidia.com/gpu"],
    [{ timeSlicing: { replicas: 4 } }, "nvidia.com/gpu"],
    [{ mig: "single" }, "nvidia.com/gpu"],
    [{ mig: "mixed", migProfile: "1g.10gb" }, "nvidia.com/mig-1g.10gb"],
    [{ mig: "mixed", migProfile: "1g.5gb+me" }, "nvidia.com/mig-1g.5gb.me"],
    [{ install: false, mig: "mixed", migProfile: "1g.10gb" }, "nvidia.com/mig-1g.10gb"], // the cluster's own operator
    [{ install: false, timeSlicing: { replicas: 4 } }, "nvidia.com/gpu"],
  ])("with %o a stage asks for %s", (change, resource) => {
    expect(gpuResource(plugin(change))).toBe(resource);
  });

  function values(change: object) {
    const config = installed(plugin(change));
    if (config === undefined) throw new Error("it is not installed");
    const { pools, airGap } = meshWith({});
    return gpuDevicePluginValues(config, pools.gpu, airGap);
  }

  test("runs where the gpu pool is, whatever else labels the nodes", () => {
    expect(values({})).toEqual({
      migStrategy: "none",
      nodeSelector: { "linly-mesh/pool": "gpu" },
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      affinity: null,
    });
  });

  test("time slicing is a configuration of its own that every node takes", () => {
    const { config } = values({ timeSlicing: { replicas: 4 } });
    expect(config).toEqual({ map: { shared: expect.any(String) }, default: "shared" });
    expect(JSON.stringify(config)).toContain('\\"replicas\\":4');
  });

  test("a stack's values come last", () => {
    expect(values({ values: { runtimeClassName: "nvidia", migStrategy: "single" } })).toMatchObject({
      runtimeClassName: "nvidia",
      migStrategy: "single",
    });
  });
});

test("values of cert-manager's chart go where its component lets them through", () => {
  expect(splitValues({ crds: { enabled: true }, webhook: { timeoutSeconds: 5 }, imageRegistry: "m" })).toEqual({
    args: { webhook: { timeoutSeconds: 5 } },
    values: { crds: { enabled: true }, imageRegistry: "m" },
  });
});

test("every argument that the component of the installed SDK has takes the value of its name", () => {
  const sdk = readFileSync(join(projectDir, "node_modules/@pulumi/kubernetes-cert-manager/certManager.js"), "utf8");
  const names = new Set([...sdk.matchAll(/resourceInputs\["(\w+)"\] = args/g)].map(([, name]) => name ?? ""));
  expect(names.delete("helmOptions")).toBe(true);
  expect(names.size).toBeGreaterThan(30);
  const given = Object.fromEntries([...names].map((name) => [name, "x"]));
  expect(splitValues(given)).toEqual({ args: given, values: {} });
});

test("the engine passes on what the arguments of the installed SDK have, and no more", () => {
  expect(passedOn).toEqual(certManagerArguments);
});

describe("values of istiod", () => {
  const cluster = { name: "c", network: "n", region: "r" };
  const collector = { service: "jaeger.observability.svc.cluster.local", namespace: "observability", port: 4317 };
  const { istio, airGap } = meshWith({ airGap: { registry: "m.example.com", charts: { folder: "charts" } } });

  test("name the collector of traces", () => {
    expect(valuesOf("istiod", { istio, collector }, cluster)).toMatchObject({
      meshConfig: {
        extensionProviders: [{ name: "traces", opentelemetry: { service: collector.service, port: 4317 } }],
      },
    });
    expect(valuesOf("istiod", { istio }, cluster)).not.toHaveProperty("meshConfig.extensionProviders");
  });

  test("give sidecars what they need, and a stack more or less", () => {
    const resources = { requests: { cpu: "500m", memory: "256Mi" }, limits: { cpu: "1000m", memory: "512Mi" } };
    expect(valuesOf("istiod", { istio }, cluster)).toHaveProperty("global.proxy.resources", resources);
    const values = { ...istio.values, istiod: { global: { proxy: { resources: { requests: { cpu: "10m" } } } } } };
    expect(valuesOf("istiod", { istio: { ...istio, values } }, cluster)).toHaveProperty("global.proxy.resources", {
      ...resources,
      requests: { cpu: "10m", memory: "256Mi" },
    });
  });

  test("name the registry of a cluster without internet", () => {
    expect(valuesOf("istiod", { istio, airGap }, cluster)).toHaveProperty("global.hub", "m.example.com/release");
    const own = { ...istio, images: { hub: "docker.io/istio", tag: "1" } };
    expect(valuesOf("cni", { istio: own, airGap }, cluster)).toEqual({
      global: { hub: "m.example.com/istio", tag: "1" },
    });
    expect(valuesOf("cni", { istio }, cluster)).toEqual({});
  });
});

describe("faults", () => {
  const { mesh } = readStackFile(projectDir, "prod");
  const faults = (change: object) =>
    checkMesh({ ...mesh, ...change }).faults.map(({ path, message }) => `${path}  ${message}`);
  const every = (scrapeInterval: string) => ({ addons: { prometheus: { scrapeInterval } } });
  const noAlerts = { alerts: { latency: { enabled: false }, errors: { enabled: false } } };
  const simulated = {
    ...{ mode: "chain", pipeline: ["asr"], entry: undefined },
    services: { asr: { engine: "simulator", versions: [{ name: "v1", weight: 100, image: "a/b:1" }] } },
  };
  const istiodOff = { ...mesh.istio, values: { istiod: { telemetry: { enabled: false } } } };

  test.each<[object, string[]]>([
    [{}, []],
    [
      { addons: { prometheus: { existing: { url: "http://p:9090" } } } },
      [
        'addons.prometheus.existing  {"url":"http://p:9090"} is for an add-on that is not installed by this program; set install: false',
      ],
    ],
    [{ addons: { prometheus: { install: false, existing: { url: "http://p:9090" }, operator: {} } } }, []],
    [
      { addons: { prometheus: { install: false } }, telemetry: noAlerts },
      [
        "addons.prometheus.existing  is missing; Grafana, which is installed, reads from a Prometheus: name one, or set grafana.install: false",
      ],
    ],
    [{ addons: { prometheus: { install: false }, grafana: { install: false } }, telemetry: noAlerts }, []],
    [
      { addons: { prometheus: { install: false, existing: { url: "http://p:9090" } } } },
      [
        "telemetry.alerts.latency  is judged by nobody: addons.prometheus is not installed and names no operator; name one, or set enabled: false",
        "telemetry.alerts.errors  is judged by nobody: addons.prometheus is not installed and names no operator; name one, or set enabled: false",
      ],
    ],
    [
      {
        addons: { prometheus: { install: false }, grafana: { install: false } },
        telemetry: { alerts: { latency: { enabled: false } } },
      },
      [
        "telemetry.alerts.errors  is judged by nobody: addons.prometheus is not installed and names no operator; name one, or set enabled: false",
      ],
    ],
    [
      { addons: { jaeger: { install: false, existing: { service: "jaeger.example.com" } } } },
      [
        'addons.jaeger.existing.service  "jaeger.example.com" is not the full name of a Service such as "collector.tracing.svc.cluster.local"',
      ],
    ],
    [
      {
        addons: { certManager: { install: false, values: {} } },
        ingress: {},
        istio: { ...mesh.istio, ca: undefined },
      },
      ["addons.certManager.values  is an unknown key: known are install"],
    ],
    [
      {
        addons: {
          certManager: {
            values: {
              ...{ crds: { any: 1 }, podDisruptionBudget: { enabled: true }, resources: { limits: { cpu: "1" } } },
              ...{ cainjector: { enabld: 1, nodeSelector: { any: "label" } }, nodeSelector: { disk: "ssd" } },
              ...{ global: { leaderElection: { namespce: "x" } }, prometheus: { podmonitor: {} } },
            },
          },
        },
      },
      [
        "addons.certManager.values.cainjector.enabld  is not passed on by Pulumi's component for cert-manager; known are affinity, containerSecurityContext, deploymentAnnotations, extraArgs, image, nodeSelector, podAnnotations, podLabels, podSecurityContext, replicaCount, resources, serviceAccount, strategy, timeoutSeconds, tolerations",
        "addons.certManager.values.nodeSelector.disk  is not passed on by Pulumi's component for cert-manager; nothing is allowed here",
        'addons.certManager.values.global.leaderElection.namespce  is not passed on by Pulumi\'s component for cert-manager; did you mean "namespace"?',
        "addons.certManager.values.prometheus.podmonitor  is not passed on by Pulumi's component for cert-manager; known are enabled, serviceMonitor",
      ],
    ],
    [
      { addons: { gpuDevicePlugin: { mig: "mixed", timeSlicing: { replicas: 2 } } } },
      [
        'addons.gpuDevicePlugin.migProfile  is missing; with mig: mixed it names the profile that stages ask for, such as "1g.10gb"',
        "addons.gpuDevicePlugin.timeSlicing  shares whole GPUs, and with mig: mixed stages ask for partitions; keep one of the two",
      ],
    ],
    [
      { addons: { gpuDevicePlugin: { migProfile: "1g.10gb" } } },
      ['addons.gpuDevicePlugin.migProfile  "1g.10gb" has a meaning only with mig: mixed'],
    ],
    [
      {
        addons: { gpuDevicePlugin: { install: false, timeSlicing: { replicas: 9 } } },
        pools: { ...mesh.pools, gpu: { ...mesh.pools.gpu, nodes: 1, gpusPerNode: 1 } },
      },
      [], // of nine shares, all are taken
    ],
    [
      { addons: { gpuDevicePlugin: { install: false, mig: "mixed" } } },
      [
        'addons.gpuDevicePlugin.migProfile  is missing; with mig: mixed it names the profile that stages ask for, such as "1g.10gb"',
      ],
    ],
    [
      { addons: { gpuDevicePlugin: { install: false, values: {} } } },
      ["addons.gpuDevicePlugin.values  is an unknown key: known are install, timeSlicing, mig, migProfile"],
    ],
    [
      {
        addons: { gpuDevicePlugin: { install: false, timeSlicing: { replicas: 2 } } },
        services: { ...mesh.services, llm: { ...mesh.services.llm, gpus: 2 } },
      },
      ["services.llm.gpus  2 shares of a GPU are no more than one; with addons.gpuDevicePlugin.timeSlicing it is 1"],
    ],
    [
      {
        addons: { gpuDevicePlugin: { timeSlicing: { replicas: 2 } } },
        services: { ...mesh.services, llm: { ...mesh.services.llm, gpus: 2 } },
      },
      ["services.llm.gpus  2 shares of a GPU are no more than one; with addons.gpuDevicePlugin.timeSlicing it is 1"],
    ],
    [
      { namespace: "observability" },
      ['namespace  "observability" is taken; the stages run in a namespace of their own'],
    ],
    [
      { istio: istiodOff },
      [
        "telemetry.metrics.source  no sidecar reports metrics, as istio.values.istiod.telemetry.enabled is false; without them no alert fires: switch them off",
      ],
    ],
    [
      { ...simulated, istio: istiodOff },
      [
        'telemetry.metrics.source  no sidecar reports metrics, as istio.values.istiod.telemetry.enabled is false; without them no alert fires: set "stage", or switch the alerts off',
      ],
    ],
    [{ ...simulated, istio: istiodOff, telemetry: { metrics: { source: "stage" } } }, []],
    [{ istio: istiodOff, telemetry: noAlerts }, []],
    [
      { telemetry: { metrics: { source: "stage" } } },
      [
        expect.stringMatching(
          /^telemetry\.metrics\.source {2}"stage" reads what the stages measure themselves, unlike linly/,
        ),
      ],
    ],
    [
      { telemetry: { ...noAlerts, metrics: { source: "stage" } } }, // the dashboard reads them too
      [
        expect.stringMatching(
          /^telemetry\.metrics\.source {2}"stage" reads what the stages measure themselves, unlike linly/,
        ),
      ],
    ],
    [{ telemetry: { ...noAlerts, metrics: { source: "stage" } }, addons: { grafana: { install: false } } }, []],
    [
      { telemetry: { metrics: { disabled: ["REQUEST_DURATION", "REQUEST_SIZE"] } } },
      [
        "telemetry.alerts.latency  judges by REQUEST_DURATION, which telemetry.metrics.disabled switches off; keep the metric, or set enabled: false",
      ],
    ],
    [{ telemetry: { metrics: { disabled: ["REQUEST_SIZE", "RESPONSE_SIZE"] } } }, []],
    [
      { telemetry: { alerts: { latency: { within: "30s" } } } },
      [
        "telemetry.alerts.latency.within  30s are less than 4 scrapes, 15s apart: set at least 60s, or a shorter addons.prometheus.scrapeInterval",
      ],
    ],
    [
      { telemetry: { alerts: { latency: { within: "168h" } } } },
      [
        "telemetry.alerts.latency.within  168h, and as much before them, are more than the 7d that samples are kept: set at most 84h, or a longer addons.prometheus.retention",
      ],
    ],
    [{ telemetry: { alerts: { latency: { within: "84h" }, errors: { within: "168h" } } } }, []],
    [
      { telemetry: { alerts: { errors: { within: "8760h" } } }, addons: { prometheus: { retention: "1h" } } },
      [
        "telemetry.alerts.errors.within  8760h are more than the 1h that samples are kept: set at most 1h, or a longer addons.prometheus.retention",
      ],
    ],
    [{ telemetry: { alerts: { errors: { within: "8760h" } } }, addons: { prometheus: { retention: "1y" } } }, []],
    [
      {
        telemetry: { alerts: { errors: { within: "8760h" } } },
        addons: { prometheus: { install: false, operator: {} }, grafana: { install: false } },
      },
      [],
    ],
    [{ ...every("7500ms"), telemetry: { alerts: { latency: { within: "30s" } } } }, []],
    [{ ...every("3m"), telemetry: noAlerts }, []],
    [
      every("3m"),
      [
        "telemetry.alerts.latency.within  10m are less than 4 scrapes, 3m apart: set at least 720s, or a shorter addons.prometheus.scrapeInterval",
        "telemetry.alerts.errors.within  5m are less than 4 scrapes, 3m apart: set at least 720s, or a shorter addons.prometheus.scrapeInterval",
      ],
    ],
    [every("500ms"), ['addons.prometheus.scrapeInterval  "500ms" is not an interval from "1s" to "1h"']],
  ])("%j", (change, expected) => {
    expect(faults(change)).toEqual(expected);
  });
});
