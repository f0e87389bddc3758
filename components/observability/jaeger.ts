import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AirGapConfig, Installed, JaegerConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { mirrored } from "../images.ts";
import { observabilityNamespace, otlpPort } from "./collector.ts";
import { SinglePod } from "./single-pod.ts";

const name = "jaeger";
const queryPort = 16686;
/** The user of the published image. */
const user = 10001;

export interface JaegerArgs {
  readonly config: Installed<JaegerConfig>;
  readonly airGap: AirGapConfig | undefined;
  readonly namespace: k8s.core.v1.Namespace;
}

/** One Jaeger that takes spans, keeps the last ones in memory and answers questions about them. */
export class Jaeger extends pulumi.ComponentResource {
  /** Where traces are looked at. */
  readonly url = `http://${name}.${observabilityNamespace}:${queryPort}`;

  constructor(cluster: Cluster, { config, airGap, namespace }: JaegerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:Jaeger", cluster.config.name, {}, opts);
    new SinglePod(
      cluster,
      {
        name,
        namespace: namespace.metadata.name,
        image: mirrored(config.image, airGap?.registry),
        user,
        ports: [
          { name: "http-query", port: queryPort, appProtocol: "http" },
          { name: "grpc-otlp", port: otlpPort, appProtocol: "grpc" },
          { name: "http-otlp", port: 4318, appProtocol: "http" },
          { name: "http-zipkin", port: 9411, appProtocol: "http" },
        ],
        // Its own configuration listens on the loopback interface unless it is told that it runs in a container.
        env: { JAEGER_LISTEN_HOST: "0.0.0.0" },
        folders: { "/tmp": { size: "100Mi" } },
        ready: { tcpSocket: { port: "grpc-otlp" } },
        resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "1000m", memory: "2Gi" } },
      },
      { parent: this },
    );
    this.registerOutputs({ url: this.url });
  }
}
