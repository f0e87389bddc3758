import type { VersionConfig } from "../../config/schema.ts";
import type { StandingStage } from "../../services/standing.ts";

type Autoscaling = NonNullable<VersionConfig["autoscaling"]>;

/** Shortest and longest time for which load must have been low before a replica is let go. Seconds; Kubernetes allows an hour. */
const calm = { least: 300, most: 3600 };

/**
 * What a HorizontalPodAutoscaler does with a Deployment. It watches the stage's own container: a sidecar that idles would
 * else water its load down. A replica that took long to load is let go late and one at a time; replicas are added two at
 * a time, since one that still loads carries nothing yet and would only call for more.
 *
 * @param startup how long a replica may take to load, in seconds
 */
export function autoscalerSpec(stage: StandingStage, deployment: string, scaling: Autoscaling, startup: number) {
  const { min, max, cpu } = scaling;
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment },
    minReplicas: min,
    maxReplicas: max,
    metrics: [
      {
        type: "ContainerResource",
        containerResource: {
          name: "cpu",
          container: stage.name,
          target: { type: "Utilization", averageUtilization: cpu },
        },
      },
    ],
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 30, policies: [{ type: "Pods", value: 2, periodSeconds: 60 }] },
      scaleDown: {
        stabilizationWindowSeconds: Math.min(Math.max(startup, calm.least), calm.most),
        policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
      },
    },
  };
}
