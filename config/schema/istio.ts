import { z } from "zod";
import { seconds } from "../quantities.ts";
import { dnsLabel, duration, imageHub, imageTag, trustDomain } from "../scalars.ts";
import { chartSource, helmValues } from "./charts.ts";
import { object } from "./object.ts";

export const istio = object({
  charts: chartSource("base", "istiod", "cni", "gateway").describe("Where Istio's charts come from."),
  images: object({
    hub: imageHub.describe("Registry and path of the images."),
    tag: imageTag.describe("Tag of the images."),
  })
    .optional()
    .describe("Where Istio's own images come from. Default: what the charts say."),
  meshId: dnsLabel().default("linly").describe("Name of the mesh, the same in all its clusters."),
  trustDomain: trustDomain.default("cluster.local").describe("SPIFFE trust domain of every workload identity."),
  workloadCertificates: object({
    ttl: duration
      // istiod itself signs for 90 days at most; below ten minutes every hiccup of istiod would be an outage.
      .refine((text) => seconds(text) >= seconds("10m") && seconds(text) <= seconds("2160h"), {
        error: 'is not a lifetime from "10m" to "2160h"',
      })
      .default("24h")
      .describe("How long a workload's certificate is good for; it is renewed at half of that."),
  })
    .prefault({})
    .describe("The certificates by which workloads know each other."),
  ca: z
    .enum(["istiod", "certManager", "existing"], {
      error: 'is not a CA: "istiod" (its own), "certManager" (a root and an intermediate) or "existing" (your Secret)',
    })
    .default("istiod")
    .describe(
      "Who vouches for workloads: istiod's own root, an intermediate CA by cert-manager, or the Secret `cacerts` of your own.",
    ),
  values: object({
    base: helmValues.describe("For the chart `base`."),
    istiod: helmValues.describe("For the chart `istiod`."),
    cni: helmValues.describe("For the chart `cni`."),
    gateway: helmValues.describe("For the chart `gateway`, as the ingress gateway."),
    eastWestGateway: helmValues.describe("For the chart `gateway`, as the gateway between clusters."),
  })
    .prefault({})
    .describe("Helm values laid over the program's own, for each chart."),
});

export type IstioConfig = z.output<typeof istio>;
