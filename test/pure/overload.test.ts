import { describe, expect, test } from "vitest";
import { valuesOf } from "../../components/istio/values.ts";
import { inOrder, limitsOf } from "../../components/traffic/ingress-limits.ts";
import { clientLimitFilter, limitFilter, retryAfter } from "../../components/traffic/rate-limit.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";

const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
const address = { masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } };
const bucket = { max_tokens: 20, tokens_per_fill: 20, fill_interval: "1s" };
const twenty = { requests: 20, interval: "1s" as const };

describe("the filter that counts each client", () => {
  const common = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
    stat_prefix: "client_limit",
    filter_enabled: always,
    filter_enforced: always,
    rate_limited_as_resource_exhausted: true,
    response_headers_to_add: [{ header: { key: "retry-after", value: "1" } }],
    max_dynamic_descriptors: 10_000,
  };

  test("by address: a bucket for each value, and none for all", () => {
    expect(clientLimitFilter({ ...twenty, by: "address" })).toEqual({
      name: "linly-mesh.client_limit",
      typed_config: {
        ...common,
        descriptors: [{ entries: [{ key: "masked_remote_address" }], token_bucket: bucket }],
        rate_limits: [{ actions: [address] }],
      },
    });
  });

  test("by a header: who leaves it out is counted by address", () => {
    expect(clientLimitFilter({ ...twenty, by: { header: "x-api-key" } }).typed_config).toEqual({
      ...common,
      descriptors: [
        { entries: [{ key: "x-api-key" }], token_bucket: bucket },
        {
          entries: [{ key: "header_match", value: "absent" }, { key: "masked_remote_address" }],
          token_bucket: bucket,
        },
      ],
      rate_limits: [
        { actions: [{ request_headers: { header_name: "x-api-key", descriptor_key: "x-api-key" } }] },
        {
          actions: [
            {
              header_value_match: {
                descriptor_value: "absent",
                expect_match: false,
                headers: [{ name: "x-api-key", present_match: true }],
              },
            },
            address,
          ],
        },
      ],
    });
  });
});

test.each([
  ["350ms", "0.35s"],
  ["1130ms", "1.13s"],
  ["1h", "3600s"],
] as const)("an interval of %s is %s, in no more digits than istiod takes", (interval, expected) => {
  expect(limitFilter({ requests: 5, interval }).typed_config["token_bucket"]).toMatchObject({
    fill_interval: expected,
  });
});

test("the filter that counts all has one bucket", () => {
  const { name, typed_config: config } = limitFilter({ requests: 500, interval: "250ms" });
  expect(name).toBe("linly-mesh.gateway_limit");
  expect(config).toMatchObject({
    token_bucket: { max_tokens: 500, tokens_per_fill: 500, fill_interval: "0.25s" },
    filter_enabled: always,
    filter_enforced: always,
  });
  expect(config).not.toHaveProperty("descriptors");
});

test.each([
  [20, "1s" as const, 1],
  [1, "50ms" as const, 1],
  [1, "1m" as const, 60],
  [7, "1m" as const, 9],
])("%i in %s: the next one has a chance after %i s", (requests, interval, expected) => {
  expect(retryAfter({ requests, interval })).toBe(expected);
});

describe("at the gateway", () => {
  const limit = { requests: 100, interval: "1s" as const };
  const clientLimit = { ...twenty, by: "address" as const };

  test("a client's own limit is met before that of all", () => {
    const names = limitsOf({ hosts: ["*"], limit, clientLimit }).map(({ name }) => name);
    expect(names).toEqual(["linly-mesh.client_limit", "linly-mesh.gateway_limit"]);
    expect(limitsOf({ hosts: ["*"] })).toEqual([]);
  });

  test("each filter goes to the front, the first one last", () => {
    const patches = inOrder(limitsOf({ hosts: ["*"], limit, clientLimit }));
    expect(patches.map(({ patch }) => [patch?.operation, patch?.value?.["name"]])).toEqual([
      ["INSERT_FIRST", "linly-mesh.gateway_limit"],
      ["INSERT_FIRST", "linly-mesh.client_limit"],
    ]);
    expect(patches.map(({ match }) => match?.context)).toEqual(["GATEWAY", "GATEWAY"]);
  });

  const cluster = { name: "c", network: "n", region: "r" };
  const istio = parseMesh(stack({}), "s").istio;
  const topology = { "proxy.istio.io/config": '{"gatewayTopology":{"numTrustedProxies":2}}' };

  test.each([
    [{ hosts: ["*"] }, undefined, undefined],
    [{ hosts: ["*"], limit }, undefined, undefined],
    [{ hosts: ["*"], clientLimit }, "Local", undefined],
    [{ hosts: ["*"], clientLimit, numTrustedProxies: 2 }, undefined, topology],
    [{ hosts: ["*"], numTrustedProxies: 2 }, undefined, topology],
  ])("a client's address with %j", (ingress, externalTrafficPolicy, annotations) => {
    const values = valuesOf("gateway", { istio, ingress }, cluster);
    expect(values["service"]).toEqual(externalTrafficPolicy && { externalTrafficPolicy });
    expect(values["podAnnotations"]).toEqual(annotations);
  });

  test("what the stack says of the Service itself stays", () => {
    const own = { ...istio, values: { ...istio.values, gateway: { service: { externalTrafficPolicy: "Cluster" } } } };
    const values = valuesOf("gateway", { istio: own, ingress: { hosts: ["*"], clientLimit } }, cluster);
    expect(values["service"]).toEqual({ externalTrafficPolicy: "Cluster" });
  });
});

describe("in a stack file", () => {
  test("nothing is limited unless said", () => {
    expect(parseMesh(stack({}), "s").ingress).toEqual({ hosts: ["*"] });
    expect(parseMesh(stack({ limit: { requests: 100 }, clientLimit: { requests: 20 } }), "s").ingress).toEqual({
      hosts: ["*"],
      limit: { requests: 100, interval: "1s" },
      clientLimit: { requests: 20, interval: "1s", by: "address" },
    });
  });

  test.each([
    [{ clientLimit: {} }, "ingress.clientLimit.requests: is missing; it must be a whole number of requests"],
    [{ clientLimit: { requests: 0 } }, "ingress.clientLimit.requests: 0 is not a whole number of requests, 1 to"],
    [
      { limit: { requests: 5, interval: "10ms" } },
      'ingress.limit.interval: "10ms" is not an interval from "50ms" to "1h"',
    ],
    [{ limit: { requests: 5, interval: "2h" } }, 'ingress.limit.interval: "2h" is not an interval from'],
    [
      { clientLimit: { requests: 5, by: "cookie" } },
      'ingress.clientLimit.by: "cookie" is not a way to tell clients: "address" or { header: x-api-key }',
    ],
    [{ limit: { requests: 5, by: "address" } }, "ingress.limit.by: is an unknown key"],
    [{ numTrustedProxies: 0 }, "ingress.numTrustedProxies: 0 is not a whole number of proxies, 1 to 16"],
    [
      { limit: { requests: 10 }, clientLimit: { requests: 90, interval: "8s" } },
      "ingress.clientLimit: lets one client send 11.25 requests a second, more than ingress.limit takes of all, 10",
    ],
  ])("%j is a fault", (ingress, expected) => {
    const faults = checkMesh(stack(ingress)).faults.map(({ path, message }) => `${path}: ${message}`);
    expect(faults).toEqual([expect.stringContaining(expected)]);
  });

  test("a client may send as much as all together", () => {
    const even = { limit: { requests: 10 }, clientLimit: { requests: 600, interval: "1m" } };
    expect(checkMesh(stack(even)).faults).toEqual([]);
  });
});

function stack(ingress: unknown) {
  return {
    mode: "chain",
    pipeline: ["llm"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    ingress,
    services: { llm: { versions: [{ name: "v1", weight: 100, image: "x/llm:1" }] } },
  };
}
