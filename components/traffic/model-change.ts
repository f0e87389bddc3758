import { adminRoutes, type Route } from "../../services/engine.ts";
import { durationOf } from "../../services/duration.ts";
import type { NamedRoute } from "../istio/objects.ts";
import { exactly, type Kind, type RequestClass } from "./request-classes.ts";

export interface ModelChangeArgs {
  /** The routes that the engine is known to have. */
  readonly routes: readonly Route[];
  /** The stage's other classes, of which the last one takes what no other does. */
  readonly classes: readonly RequestClass<Kind>[];
  /** Namespace of the uploader's pods: the sidecars of all others hear nothing of the class. */
  readonly namespace: string;
  /** Longest time in which a replica loads a model when it starts. Seconds. */
  readonly startup: number;
  /** Longest time of a request that is no stream. Seconds. */
  readonly realtime: number;
}

/**
 * The class of the requests that change a stage's model, which goes before all others; none where the engine has no such
 * route. The answer comes when the model is loaded, and so has as long as a replica that starts. A shadow gets no copy: it
 * keeps the model that it is there to try.
 */
export function modelChangeClasses({
  routes,
  classes,
  namespace,
  startup,
  realtime,
}: ModelChangeArgs): RequestClass<"model-change">[] {
  const match = adminRoutes({ routes }).map((route) => ({ ...exactly(route), sourceNamespace: namespace }));
  const rest = classes.at(-1);
  if (match.length === 0 || rest === undefined) return [];
  const policy = { ...rest.policy, timeout: durationOf(Math.max(startup, realtime)) };
  return [{ name: "model-change", match, policy, declared: false, narrowed: uncopied }];
}

function uncopied({ mirrors: _, ...route }: NamedRoute): NamedRoute {
  return route;
}
