import type { IngressConfig } from "../../config/schema.ts";
import type { HelmValues } from "../helm-values.ts";
import { gatewayDrain } from "../service/drain.ts";

/**
 * How the gateway learns a client's address where it counts by it, and how it ends: from the proxies before it, or from the
 * connection, which then must come without the detour over another node that would put that node's address in its place.
 */
export function gatewayValues(
  ingress: IngressConfig | undefined,
  finishSeconds: number | undefined,
  metadata: Record<string, string> = {},
): HelmValues {
  const { numTrustedProxies, clientLimit } = ingress ?? {};
  const { proxyConfig, ...ends } = finishSeconds === undefined ? {} : gatewayDrain(finishSeconds);
  const proxyMetadata = { ...proxyConfig?.proxyMetadata, ...metadata };
  const config = {
    ...(numTrustedProxies !== undefined && { gatewayTopology: { numTrustedProxies } }),
    ...proxyConfig,
    ...(Object.keys(proxyMetadata).length > 0 && { proxyMetadata }),
  };
  return {
    ...ends,
    ...(Object.keys(config).length > 0 && { podAnnotations: { "proxy.istio.io/config": JSON.stringify(config) } }),
    ...(numTrustedProxies === undefined &&
      clientLimit !== undefined && { service: { externalTrafficPolicy: "Local" } }),
  };
}
