import { seconds } from "../../config/quantities.ts";
import type { Duration } from "../../config/scalars.ts";
import type { Server } from "../istio/generated/gateway.ts";
import { userPorts } from "../istio/ports.ts";
import type { NamedRoute } from "../istio/objects.ts";

/**
 * What TLS 1.2 is spoken with: forward secrecy and authenticated encryption, for the ECDSA key that the certificate has. The
 * suites of TLS 1.3 are all of that kind, and no setting of Envoy's.
 */
const cipherSuites = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
];

/** Where users come in by TLS. */
export function httpsServer(hosts: readonly string[], credentialName: string): Server {
  return {
    port: { number: userPorts.https, name: "https", protocol: "HTTPS" },
    hosts: [...hosts],
    tls: { mode: "SIMPLE", credentialName, minProtocolVersion: "TLSV1_2", cipherSuites },
  };
}

/** Where users come in without. */
export function httpServer(hosts: readonly string[]): Server {
  return { port: { number: userPorts.http, name: "http", protocol: "HTTP" }, hosts: [...hosts] };
}

/**
 * What is left of plain HTTP: the way to TLS. A route and no `httpsRedirect`, which would come before every other route of
 * the host, and with them before the answers to ACME's challenges; this one, which takes everything, comes last.
 */
export const toHttps = { name: "to-https", redirect: { scheme: "https", redirectCode: 301 } };

/** The route, whose answers tell browsers to come by TLS alone from now on. */
export function withHsts(route: NamedRoute, maxAge: Duration): NamedRoute {
  const { headers } = route;
  const set = { ...headers?.response?.set, "strict-transport-security": `max-age=${Math.round(seconds(maxAge))}` };
  return { ...route, headers: { ...headers, response: { ...headers?.response, set } } };
}
