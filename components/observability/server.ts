import type * as k8s from "@pulumi/kubernetes";
import type { AirGapConfig } from "../../config/schema.ts";
import { mirrored } from "../images.ts";
import { observabilityNamespace } from "./collector.ts";

/** What each server of observability is made from. */
export interface ServerArgs<Config extends { readonly image: string }> {
  readonly config: Config;
  readonly airGap: AirGapConfig | undefined;
  /** The namespace of them all. */
  readonly namespace: k8s.core.v1.Namespace;
}

/** A server's pod, as far as its arguments decide: what runs, and where. */
export function serverPod(name: string, { config, airGap, namespace }: ServerArgs<{ readonly image: string }>) {
  return { name, namespace: namespace.metadata.name, image: mirrored(config.image, airGap?.registry) };
}

/** Where a server answers within the cluster. */
export function serverUrl(name: string, port: number): string {
  return `http://${name}.${observabilityNamespace}:${port}`;
}
