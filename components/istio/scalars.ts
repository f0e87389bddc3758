export type { Duration } from "../../config/scalars.ts";

/** Narrower types for strings and numbers of Istio's resources, where the schema of the CRD leaves them open. */

/** A share in percent, 0–100. TypeScript knows no ranges: the name is for the reader. */
export type Percentage = number;

/** Protocol of a port, as Istio's own documents spell it. */
export type PortProtocol =
  "HTTP" | "HTTPS" | "HTTP2" | "GRPC" | "GRPC-WEB" | "HTTP_PROXY" | "TCP" | "TLS" | "UDP" | "MONGO" | "MYSQL" | "REDIS";

/** What a condition of an AuthorizationPolicy may look at; istiod leaves a rule out that looks at anything else. */
export type ConditionKey =
  | `request.headers[${string}]`
  | "source.ip"
  | "remote.ip"
  | "source.namespace"
  | "source.serviceAccount"
  | "source.trustDomain"
  | "source.principal"
  | "request.auth.principal"
  | "request.auth.audiences"
  | "request.auth.presenter"
  | `request.auth.claims[${string}]`
  | "destination.ip"
  | "destination.port"
  | "connection.sni"
  | `experimental.envoy.filters.${string}[${string}]`;

/** What a part of a resource holds that its schema says nothing of: Envoy's own configuration. */
export type FreeForm = Record<string, unknown>;
