import * as pulumi from "@pulumi/pulumi";
import type { Installed, JaegerConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { otlpPort } from "./collector.ts";
import { serverPod, serverUrl, type ServerArgs } from "./server.ts";
import { SinglePod } from "./single-pod.ts";

const name = "jaeger";
const queryPort = 16686;
/** The user of the published image. */
const user = 10001;

export type JaegerArgs = ServerArgs<Installed<JaegerConfig>>;

/** One Jaeger that takes spans, keeps the last ones in memory and answers questions about them. */
export class Jaeger extends pulumi.ComponentResource {
  /** Where traces are looked at. */
  readonly url = serverUrl(name, queryPort);

  constructor(cluster: Cluster, args: JaegerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:Jaeger", cluster.config.name, {}, opts);
    new SinglePod(
      cluster,
      {
        ...serverPod(name, args),
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
