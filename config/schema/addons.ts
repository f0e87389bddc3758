import { z } from "zod";
import { usualRetention, usualScrapeInterval } from "../../services/telemetry.ts";
import { seconds } from "../quantities.ts";
import {
  count,
  imageReference,
  labelKey,
  labelValue,
  memoryQuantity,
  port,
  retention,
  serviceHost,
  wholeMilliseconds,
  withoutCredentials,
} from "../scalars.ts";
import { chartSource, helmValues } from "./charts.ts";
import { object } from "./object.ts";

const installError = 'is not true or false: "install" says whether this program installs the add-on';

/** What an add-on says beside `install: true`, and what beside `install: false`. Installing is the default. */
function addon<Installed extends z.core.$ZodLooseShape, Absent extends z.core.$ZodLooseShape>(
  installed: Installed,
  absent: Absent,
) {
  return z.discriminatedUnion(
    "install",
    [
      object({
        install: z.literal(true).optional().describe("Whether this program installs the add-on. Default: true."),
        ...installed,
      }),
      object({ install: z.literal(false).describe("The cluster has it already, or does without."), ...absent }),
    ],
    { error: installError },
  );
}

/** A key that speaks of what the cluster has already: it contradicts installing. */
function onlyWithoutInstall() {
  return z.never({ error: "is for an add-on that is not installed by this program; set install: false" }).optional();
}

/** A key that says how the add-on is installed, without meaning where it is not. */
const image = (upstream: string) =>
  imageReference.default(upstream).describe("The container's image, with a tag or digest.");

const storage = memoryQuantity
  .optional()
  .describe("Size of the volume that keeps the samples. Default: none; a pod that moves begins anew.");

/** Below a second reading costs more than what it tells; above an hour no alert would come in time. */
const scrapeInterval = wholeMilliseconds.refine((text) => seconds(text) >= 1 && seconds(text) <= seconds("1h"), {
  error: 'is not an interval from "1s" to "1h"',
});

const migProfile = z
  .string()
  .regex(/^\d+g\.\d+gb(?:\+[a-z0-9.]+)?$/, { error: 'is not a MIG profile such as "1g.10gb"' });

/** How GPUs are offered: what the plugin is told where this program installs it, what another one was told where not. */
const gpuOffer = {
  timeSlicing: object({ replicas: count(2, "pods").describe("Pods that share one GPU, without memory limits.") })
    .optional()
    .describe("Shares each GPU among several pods. Default: a GPU belongs to one pod."),
  mig: z
    .enum(["none", "single", "mixed"], { error: 'is not a MIG strategy: "none", "single" or "mixed"' })
    .default("none")
    .describe("How partitions of a GPU are offered: not at all, as GPUs, or each under its profile's name."),
  migProfile: migProfile.optional().describe("With mig `mixed`: the profile that stages ask for."),
};

const gpuDevicePlugin = addon(
  {
    charts: chartSource("nvidia-device-plugin")
      .prefault({ repository: "https://nvidia.github.io/k8s-device-plugin", version: "0.20.0" })
      .describe("Where the chart `nvidia-device-plugin` comes from."),
    ...gpuOffer,
    values: helmValues.describe("Helm values laid over the program's own."),
  },
  gpuOffer,
);

const certManager = addon(
  {
    charts: chartSource("cert-manager")
      .prefault({ repository: "https://charts.jetstack.io", version: "v1.21.2" })
      .describe("Where the chart `cert-manager` comes from."),
    values: helmValues.describe("Helm values laid over the program's own."),
  },
  {},
);

const prometheus = addon(
  {
    image: image(
      "docker.io/prom/prometheus:v3.15.0@sha256:efd719c99d83b060d9daefdcf00360461adf279f45ef5391f8d111892118753e",
    ),
    retention: retention.default(usualRetention).describe("How long samples are kept."),
    storage,
    scrapeInterval: scrapeInterval
      .default(usualScrapeInterval)
      .describe("How often every pod is read and the alerts are judged. Alerts look back over at least four of these."),
    existing: onlyWithoutInstall(),
    operator: onlyWithoutInstall(),
  },
  {
    existing: object({
      url: z
        .url({ protocol: /^https?$/, error: 'is not a URL such as "http://prometheus.monitoring:9090"' })
        .refine(...withoutCredentials("name a Prometheus that the network alone keeps others from"))
        .describe("Its address."),
    })
      .optional()
      .describe("A Prometheus that is there, for Grafana to read."),
    operator: object({
      labels: z
        .record(labelKey, labelValue)
        .default({})
        .describe("Labels by which that Prometheus picks its monitors and rules: `release: kube-prometheus-stack`."),
    })
      .optional()
      .describe("The cluster has the Prometheus operator: monitors and rules are made as its resources."),
  },
);

const grafana = addon(
  {
    image: image(
      "docker.io/grafana/grafana:13.2.3@sha256:b28bae15e219c998fb0e0424ed724930cc61b1f61fb404d47c862f9a23f9e572",
    ),
  },
  {},
);

const jaeger = addon(
  {
    image: image(
      "docker.io/jaegertracing/jaeger:2.21.0@sha256:3d0ac795ff98aa04d1be04311d2dac6c25b4bfc8322dc02e53bc5b170c5018c3",
    ),
    existing: onlyWithoutInstall(),
  },
  {
    existing: object({
      service: serviceHost.describe("Full name of the Service that takes spans."),
      port: port.default(4317).describe("Its port for OTLP over gRPC."),
    })
      .optional()
      .describe("A collector of traces in the cluster that takes OTLP."),
  },
);

export const addons = object({
  certManager: certManager.prefault({}).describe("cert-manager, which issues and renews certificates."),
  gpuDevicePlugin: gpuDevicePlugin.prefault({}).describe("NVIDIA's device plugin, which offers GPUs to pods."),
  prometheus: prometheus.prefault({}).describe("Prometheus, which keeps metrics and judges alerts."),
  grafana: grafana.prefault({}).describe("Grafana, which shows the mesh's dashboard."),
  jaeger: jaeger.prefault({}).describe("Jaeger, which keeps traces."),
}).prefault({});

export type AddonsConfig = z.output<typeof addons>;
export type CertManagerConfig = AddonsConfig["certManager"];
export type GpuDevicePluginConfig = AddonsConfig["gpuDevicePlugin"];
export type PrometheusConfig = AddonsConfig["prometheus"];
export type GrafanaConfig = AddonsConfig["grafana"];
export type JaegerConfig = AddonsConfig["jaeger"];

/** An add-on's configuration where this program installs it. */
export type Installed<Addon extends { readonly install?: boolean | undefined }> = Exclude<
  Addon,
  { readonly install: false }
>;

/** The configuration of an add-on that is installed; undefined for one that is not. */
export function installed<Addon extends { readonly install?: boolean | undefined }>(
  addon: Addon,
): Installed<Addon> | undefined {
  return isInstalled(addon) ? addon : undefined;
}

function isInstalled<Addon extends { readonly install?: boolean | undefined }>(
  addon: Addon,
): addon is Installed<Addon> {
  return addon.install !== false;
}
