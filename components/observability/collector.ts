import { installed, type AddonsConfig } from "../../config/schema.ts";

/** The namespace of Prometheus, Grafana and Jaeger. It is not in the mesh: none of its pods has a sidecar. */
export const observabilityNamespace = "observability";

/** Port of OTLP over gRPC. */
export const otlpPort = 4317;

/** Where sidecars send their spans, by OTLP over gRPC. */
export interface Collector {
  /** Full name of the collector's Service. */
  readonly service: string;
  /** The Service's namespace. */
  readonly namespace: string;
  readonly port: number;
}

/** The collector of a stack: its own Jaeger or one that is there; undefined where nothing is traced. */
export function collectorOf({ jaeger }: Pick<AddonsConfig, "jaeger">): Collector | undefined {
  if (installed(jaeger) !== undefined) {
    const service = `jaeger.${observabilityNamespace}.svc.cluster.local`;
    return { service, namespace: observabilityNamespace, port: otlpPort };
  }
  const { existing } = jaeger;
  return existing === undefined ? undefined : { ...existing, namespace: existing.service.split(".")[1] ?? "" };
}
