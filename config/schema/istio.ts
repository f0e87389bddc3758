import type { z } from "zod";
import { dnsLabel, imageHub, imageTag, trustDomain } from "../scalars.ts";
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
  values: object({
    base: helmValues.describe("For the chart `base`."),
    istiod: helmValues.describe("For the chart `istiod`."),
    cni: helmValues.describe("For the chart `cni`."),
    gateway: helmValues.describe("For the chart `gateway`."),
  })
    .prefault({})
    .describe("Helm values laid over the program's own, for each chart."),
});

export type IstioConfig = z.output<typeof istio>;
