import { headerName } from "../scalars.ts";

/** Headers that something else reads or writes: as somebody's mark, every request could carry them. */
const taken = [
  ...["accept", "accept-encoding", "accept-language", "authorization", "baggage", "connection", "content-length"],
  ...["content-type", "cookie", "forwarded", "host", "origin", "referer", "te", "traceparent", "tracestate"],
  ...["transfer-encoding", "upgrade", "user-agent"],
];

/** A request header without a meaning of its own. */
export const freeHeader = headerName.refine(
  (name) => !taken.includes(name) && !/^x-(?:envoy|forwarded|request|istio)-/.test(name),
  { error: "is not free: it has a meaning of its own; choose another header" },
);
