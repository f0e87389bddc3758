import { seconds } from "../../config/quantities.ts";
import type { ClientLimit, OfflineConfig, RateLimit } from "../../config/schema.ts";
import { envoyDuration } from "./envoy-duration.ts";

/** A filter of Envoy's HTTP connection manager, as an EnvoyFilter holds it. */
export interface HttpFilter {
  readonly name: string;
  readonly typed_config: Record<string, unknown>;
}

/**
 * Clients whose requests are counted at a time. The one not heard of for longest is forgotten for the next, and would
 * begin anew: Envoy's own number, 20, would forget a client within a moment.
 */
const clients = 10_000;

/**
 * The address as the gateway trusts it. A network gives whole /64 blocks of IPv6 to one subscriber, who could otherwise
 * be a new client with each request.
 */
const address = { masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } };

/** Counts each client's requests by itself; those without the header that tells clients apart by their address. */
export function clientLimitFilter(limit: ClientLimit): HttpFilter {
  const byAddress = { entries: [{ key: "masked_remote_address" }] };
  if (limit.by === "address") {
    return localRateLimit("client_limit", limit, {
      ...counted(limit, [byAddress]),
      rate_limits: [{ actions: [address] }],
    });
  }
  const { header } = limit.by;
  const without = {
    header_value_match: {
      descriptor_value: "absent",
      expect_match: false,
      headers: [{ name: header, present_match: true }],
    },
  };
  return localRateLimit("client_limit", limit, {
    ...counted(limit, [
      { entries: [{ key: header }] },
      { entries: [{ key: "header_match", value: "absent" }, ...byAddress.entries] },
    ]),
    rate_limits: [
      { actions: [{ request_headers: { header_name: header, descriptor_key: header } }] },
      { actions: [without, address] },
    ],
  });
}

/** Counts all requests together, but for offline work: that has its own limit, and takes nothing of real-time work's. */
export function limitFilter(limit: RateLimit, offline?: OfflineConfig): HttpFilter {
  if (offline === undefined) return localRateLimit("gateway_limit", limit, { token_bucket: bucket(limit) });
  const realtime = {
    header_value_match: {
      descriptor_value: "realtime",
      expect_match: false,
      headers: [{ name: offline.header, string_match: { exact: "true" } }],
    },
  };
  return localRateLimit("gateway_limit", limit, {
    descriptors: [{ entries: [{ key: "header_match", value: "realtime" }], token_bucket: bucket(limit) }],
    rate_limits: [{ actions: [realtime] }],
  });
}

/** What a refused client is told: when the next request has a chance. Whole seconds, as HTTP has it. */
export function retryAfter({ requests, interval }: RateLimit): number {
  return Math.ceil(seconds(interval) / requests);
}

interface Descriptor {
  /** A key without a value stands for each value that there is. */
  readonly entries: readonly { readonly key: string; readonly value?: string }[];
}

function counted(limit: RateLimit, descriptors: readonly Descriptor[]) {
  return {
    descriptors: descriptors.map((descriptor) => ({ ...descriptor, token_bucket: bucket(limit) })),
    max_dynamic_descriptors: clients,
  };
}

/** Full at first, and filled evenly: a request more every interval/requests. */
function bucket({ requests, interval }: RateLimit) {
  return { max_tokens: requests, tokens_per_fill: requests, fill_interval: envoyDuration(seconds(interval)) };
}

function localRateLimit(name: string, limit: RateLimit, what: Record<string, unknown>): HttpFilter {
  // Left out, each of the two is 0 %: a filter that counts nothing and refuses nobody.
  const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  return {
    name: `linly-mesh.${name}`,
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
      stat_prefix: name,
      filter_enabled: always,
      filter_enforced: always,
      // Without it a refused call of gRPC ends with UNAVAILABLE, which its clients take for a reason to try again.
      rate_limited_as_resource_exhausted: true,
      response_headers_to_add: [{ header: { key: "retry-after", value: String(retryAfter(limit)) } }],
      ...what,
    },
  };
}
