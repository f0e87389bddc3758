import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import { adminRoutes, type Engine } from "../../services/engine.ts";
import { engines } from "../../services/engines/index.ts";
import { isSame, type MethodAndPath } from "../../services/method-and-path.ts";
import type { PipelinePlan, PlannedService } from "../../services/plan.ts";
import { serviceName } from "../../services/stage.ts";
import type { StandingStage } from "../../services/standing.ts";
import { ingressName } from "../istio/values.ts";

/** Who may ask which stage for what. */

/** A workload, as its certificate names it. */
export interface Identity {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * What of a stage's port somebody may use: these requests and no others; any request but for these paths, for whoever looks
 * at pages; or, where no sidecar looks into requests, all that comes over a connection.
 */
export type Opening =
  | { readonly routes: readonly MethodAndPath[] }
  | { readonly anyPathBut: readonly string[] }
  | { readonly connections: true };

/** Somebody who is let in. What no rule tells is refused. */
export interface AccessRule {
  readonly who: Identity;
  readonly stage: StandingStage;
  readonly opening: Opening;
}

export interface AccessArgs {
  readonly config: Pick<MeshConfig, "namespace" | "modelUploader">;
  readonly pipeline: PipelinePlan<ServiceConfig>;
}

/** The account of the ingress gateway, which its chart names after the Release. */
const gateway: Identity = { namespace: ingressName, serviceAccount: ingressName };

/**
 * Everybody who is let in: the callers along the pipeline's edges and, at the entry, the gateway, by the routes that carry
 * the pipeline; and by the routes that change a model the uploader alone. A shadow calls nobody, and so is named nowhere.
 */
export function accessRules({ config, pipeline }: AccessArgs): AccessRule[] {
  return pipeline.services.flatMap((planned) => {
    const { stage, entry } = planned;
    const callers = pipeline.edges
      .filter(({ to }) => to === stage.name)
      .map(({ from }) => ({ namespace: config.namespace, serviceAccount: serviceName({ name: from }) }));
    const opening = looksInside(planned) ? { routes: workRoutes(planned) } : ({ connections: true } as const);
    const admin = adminRoutes(stage.engine).map(methodAndPath);
    return [
      ...callers.map((who) => ({ who, stage, opening })),
      ...(entry
        ? [{ who: gateway, stage, opening: stage.engine.showsPages ? { anyPathBut: adminPaths(stage) } : opening }]
        : []),
      ...(admin.length > 0
        ? [{ who: config.modelUploader, stage, opening: looksInside(planned) ? { routes: admin } : opening }]
        : []),
    ];
  });
}

/** Whether sidecars look into a stage's requests; else they tell callers apart and nothing more. */
export function looksInside({ service }: Pick<PlannedService<ServiceConfig>, "service">): boolean {
  return service.appProtocol !== "tcp";
}

/** The engine's, and those of which the stack says that callers send them, twice if need be. */
function workRoutes({ stage, service }: PlannedService<ServiceConfig>): MethodAndPath[] {
  const known = stage.engine.routes.filter(({ purpose }) => purpose === "work");
  const declared = service.retries.idempotentRoutes.filter(
    (route) => !isAdmin(route.path, stage) && !known.some((other) => isSame(other, route)),
  );
  return [...known, ...declared].map(methodAndPath);
}

/** Whether there is something that the uploader may ask a stage for. */
export function hasAdminRoutes({ engine }: Pick<StandingStage, "engine">): boolean {
  return adminRoutes(engine).length > 0;
}

function methodAndPath({ method, path }: MethodAndPath): MethodAndPath {
  return { method, path };
}

/** Ends of the paths by which Linly-Talker's servers change models, as AuthorizationPolicies write them. */
const changeModel = ["*_change_model", "*_change_model/"];

/**
 * What nobody but the uploader may ask a stage for, whichever engine stands there, each path with and without a slash at
 * its end: a second wall, which stands also where somebody lets more in than this program does.
 */
export function adminOnly(stage: StandingStage): { method?: string; paths: string[] }[] {
  const all = [stage.engine, ...stage.engines.map((name): Engine => engines[name])].flatMap(adminRoutes);
  const named = all.filter(({ path }) => !changesModel(path));
  const methods = [...new Set(named.map(({ method }) => method))];
  return [
    ...methods.map((method) => ({
      method,
      paths: bothEnds(named.filter((route) => route.method === method).map(({ path }) => path)),
    })),
    { paths: [...changeModel] },
  ];
}

function adminPaths(stage: StandingStage): string[] {
  return [...new Set(adminOnly(stage).flatMap(({ paths }) => paths))];
}

function isAdmin(path: string, stage: StandingStage): boolean {
  return changesModel(path) || adminPaths(stage).includes(path);
}

function changesModel(path: string): boolean {
  return changeModel.some((pattern) => path.endsWith(pattern.slice(1)));
}

function bothEnds(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.replace(/(?<=.)\/$/, "")))].flatMap((path) =>
    path === "/" ? [path] : [path, `${path}/`],
  );
}
