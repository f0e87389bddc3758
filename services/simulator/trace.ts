import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What a request carries through the pipeline: W3C trace context and baggage, and Envoy's request id. */
export type TraceContext = {
  readonly traceId: string;
  readonly flags: string;
  /** tracestate, baggage and x-request-id, as they came. */
  readonly passedOn: Readonly<Record<string, string>>;
};

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?<traceId>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?<flags>[0-9a-f]{2})/;

/** The context of a request; a new, sampled trace when it has none or a malformed one. */
export function traceContext(headers: IncomingHttpHeaders): TraceContext {
  const parent = TRACEPARENT.exec([headers["traceparent"]].flat()[0] ?? "")?.groups;
  // A tracestate belongs to its traceparent; without one it must not be passed on.
  const names = parent === undefined ? ["baggage", "x-request-id"] : ["tracestate", "baggage", "x-request-id"];
  const passedOn: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) passedOn[name] = [value].flat().join(",");
  }
  const traceId = parent?.["traceId"] ?? randomBytes(16).toString("hex");
  return { traceId, flags: parent?.["flags"] ?? "01", passedOn };
}

/** The headers of one call to a next hop: the same trace, a span of its own. */
export function childHeaders({ traceId, flags, passedOn }: TraceContext): Record<string, string> {
  return { ...passedOn, traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-${flags}` };
}
