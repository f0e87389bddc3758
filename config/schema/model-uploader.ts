import type { z } from "zod";
import { dnsLabel } from "../scalars.ts";
import { object } from "./object.ts";

export const modelUploader = object({
  namespace: dnsLabel().default("admin").describe("Namespace of its pods, which get a sidecar there."),
  serviceAccount: dnsLabel().default("model-uploader").describe("ServiceAccount of its pods."),
});

export type ModelUploaderConfig = z.output<typeof modelUploader>;
