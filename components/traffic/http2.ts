import type { ServiceConfig } from "../../config/schema.ts";
import type { Engine } from "../../services/engine.ts";

/**
 * Whether callers' sidecars speak HTTP/2 to a stage's sidecars, which then speak to the stage as it does. One connection then
 * carries all requests, which costs less for each, and its end is told before it comes. Not where a client may ask for a
 * WebSocket: Istio's sidecars do not take the CONNECT by which HTTP/2 would carry one, and answer 503.
 */
export function h2UpgradePolicyOf(
  { protocol, webSockets }: Pick<Engine, "protocol" | "webSockets">,
  { appProtocol, streams }: Pick<ServiceConfig, "appProtocol" | "streams">,
): "UPGRADE" | undefined {
  const speaksHttp1 = protocol === "http" && appProtocol !== "tcp";
  return speaksHttp1 && !(streams.webSockets ?? webSockets) ? "UPGRADE" : undefined;
}
