import type { ServiceConfig } from "../../config/schema.ts";
import type { StandingStage } from "../../services/standing.ts";
import { startupSeconds } from "./rollout.ts";

interface Probe {
  httpGet?: { path: string; port: string | number };
  tcpSocket?: { port: string };
  periodSeconds: number;
  failureThreshold: number;
}

const startupPeriodSeconds = 2;

/**
 * Liveness asks only whether the port accepts connections unless the engine has a path that it answers while it works: a
 * model server that renders often answers no request in time, and must not be killed for it. Readiness asks for the
 * stack's path, else the engine's. The startup probe waits for as long as the stage may take to load its model.
 */
export function probesOf(stage: StandingStage, service: Pick<ServiceConfig, "readinessPath" | "startup">) {
  const { protocol, probes } = stage.engine;
  const ask = (path: string | undefined) =>
    path === undefined ? { tcpSocket: { port: protocol } } : { httpGet: { path, port: probes.port ?? protocol } };
  return {
    startupProbe: {
      ...ask(service.readinessPath ?? probes.startup),
      periodSeconds: startupPeriodSeconds,
      failureThreshold: Math.ceil(startupSeconds(stage, service) / startupPeriodSeconds),
    },
    readinessProbe: { ...ask(service.readinessPath ?? probes.readiness), periodSeconds: 5, failureThreshold: 3 },
    livenessProbe: { ...ask(probes.liveness), periodSeconds: 10, failureThreshold: 6 },
  } satisfies Record<string, Probe>;
}
