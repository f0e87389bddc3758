import * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { DeepInput } from "../../components/deep-input.ts";
import { apiVersions, type IstioSpecs } from "../../components/istio/generated/kinds.ts";
import { meshHost } from "../../components/istio/mesh-host.ts";
import type { HttpRoute, istioObject, RouteDestination } from "../../components/istio/objects.ts";
import type { CpuQuantity, MemoryQuantity } from "../../services/quantity.ts";
import type { Engine } from "../../services/engine.ts";

/*
 * What compiles here and what does not is for tsc to say: each directive fails it as soon as the line below compiles.
 * Beside each stands the form that is right.
 */

/** Takes a spec as `istioObject` does. */
function spec<Kind extends keyof IstioSpecs>(kind: Kind, value: DeepInput<IstioSpecs[Kind]>): void {
  expect(apiVersions).toHaveProperty(kind);
  expect(value).toBeTypeOf("object");
}

const host = "llm-service.linly.svc.cluster.local";
const route = [{ destination: { host, subset: "v1" } }];

describe("a spec does not compile with", () => {
  test("a field that the kind does not have", () => {
    spec("VirtualService", { hosts: [host], http: [{ route, timeout: "2s" }] });
    // @ts-expect-error - the field is hosts
    spec("VirtualService", { host: [host], http: [{ route }] });
    // @ts-expect-error - the field is timeout
    spec("VirtualService", { hosts: [host], http: [{ route, timeOut: "2s" }] });
    // @ts-expect-error - a Gateway has servers, not hosts
    spec("Gateway", { hosts: [host] });
    expectTypeOf<IstioSpecs["Telemetry"]>().not.toBeAny();
  });

  test("a value that is none of the field's", () => {
    spec("PeerAuthentication", { mtls: { mode: "STRICT" } });
    // @ts-expect-error - modes are in capitals
    spec("PeerAuthentication", { mtls: { mode: "strict" } });
    spec("DestinationRule", { host, trafficPolicy: { loadBalancer: { simple: "LEAST_REQUEST" } } });
    // @ts-expect-error - the value is LEAST_REQUEST
    spec("DestinationRule", { host, trafficPolicy: { loadBalancer: { simple: "LEAST_REQUESTS" } } });
    spec("Gateway", { servers: [{ hosts: ["*"], port: { name: "http", number: 80, protocol: "HTTP" } }] });
    // @ts-expect-error - no such protocol
    spec("Gateway", { servers: [{ hosts: ["*"], port: { name: "http", number: 80, protocol: "HTPP" } }] });
  });

  test("a duration that is none", () => {
    spec("VirtualService", { http: [{ route, retries: { attempts: 2, perTryTimeout: "1.5s" } }] });
    // @ts-expect-error - a duration has a unit
    spec("VirtualService", { http: [{ route, retries: { attempts: 2, perTryTimeout: "2" } }] });
    spec("DestinationRule", { host, trafficPolicy: { outlierDetection: { baseEjectionTime: "5m" } } });
    // @ts-expect-error - minutes are m
    spec("DestinationRule", { host, trafficPolicy: { outlierDetection: { baseEjectionTime: "5min" } } });
    spec("DestinationRule", { host, trafficPolicy: { connectionPool: { tcp: { idleTimeout: "1h" } } } });
    // @ts-expect-error - the schema calls it text, the program does not
    spec("DestinationRule", { host, trafficPolicy: { connectionPool: { tcp: { idleTimeout: "long" } } } });
  });

  test("a required field left out", () => {
    spec("DestinationRule", { host, subsets: [{ name: "v1" }] });
    // @ts-expect-error - no host
    spec("DestinationRule", { subsets: [{ name: "v1" }] });
  });

  test("two fields of which Istio takes one", () => {
    spec("VirtualService", { http: [{ route, match: [{ uri: { prefix: "/v1" } }] }] });
    // @ts-expect-error - exact or prefix
    spec("VirtualService", { http: [{ route, match: [{ uri: { prefix: "/v1", exact: "/v1" } }] }] });
    const cookie = { name: "session", ttl: "1h" } as const;
    spec("DestinationRule", { host, trafficPolicy: { loadBalancer: { consistentHash: { httpCookie: cookie } } } });
    const both = { useSourceIp: true, httpCookie: cookie };
    // @ts-expect-error - one thing to hash
    spec("DestinationRule", { host, trafficPolicy: { loadBalancer: { consistentHash: both } } });
    spec("AuthorizationPolicy", { selector: { matchLabels: { app: "llm-service" } } });
    // @ts-expect-error - a selector or references
    spec("AuthorizationPolicy", { selector: { matchLabels: { app: "llm-service" } }, targetRefs: [] });
  });

  test("a condition on what Istio cannot see", () => {
    spec("AuthorizationPolicy", { rules: [{ when: [{ key: "request.auth.claims[iss]", values: ["x"] }] }] });
    // @ts-expect-error - a method is part of to.operation
    spec("AuthorizationPolicy", { rules: [{ when: [{ key: "request.method", values: ["POST"] }] }] });
  });
});

test("any part of a spec may be known later, and lists may be read-only", () => {
  const hosts: readonly string[] = [host];
  const later = pulumi.output(host);
  const weight = pulumi.output(90);
  spec("VirtualService", { hosts, http: [{ route: [{ destination: { host: later }, weight }] }] });
  const mode: pulumi.Output<"STRICT"> = pulumi.output("STRICT" as const);
  spec("PeerAuthentication", pulumi.output({ mtls: { mode } }));
  // @ts-expect-error - a number, now or later
  spec("VirtualService", { hosts, http: [{ route: [{ destination: { host: later }, weight: later }] }] });
});

test("istioObject takes that and nothing wider", () => {
  expectTypeOf<typeof istioObject<"Gateway">>().parameter(3).toEqualTypeOf<DeepInput<IstioSpecs["Gateway"]>>();
  expectTypeOf<DeepInput<IstioSpecs["Gateway"]>>().not.toBeAny();
  expectTypeOf<typeof istioObject<"Gateway">>().parameter(0).toEqualTypeOf<"Gateway">();
});

test("the aliases are the generated types", () => {
  expectTypeOf<RouteDestination>().toExtend<NonNullable<HttpRoute["route"]>[number]>();
  expectTypeOf<HttpRoute>().toExtend<NonNullable<IstioSpecs["VirtualService"]["http"]>[number]>();
  expectTypeOf<{ redirect: { uri: string } }>().not.toExtend<HttpRoute>();
});

describe("a host of the mesh", () => {
  const llm = meshHost(host, ["v1-stable", "v2-experiment"]);

  test("gives destinations for its own subsets", () => {
    expect(llm.to("v1-stable", 90)).toEqual({ destination: { host, subset: "v1-stable" }, weight: 90 });
    expect(llm.to("v2-experiment")).toEqual({ destination: { host, subset: "v2-experiment" } });
    expectTypeOf(llm.to).parameter(0).toEqualTypeOf<"v1-stable" | "v2-experiment">();
  });

  test("refuses any other: the compiler a name in the program", () => {
    // @ts-expect-error - the subset is v1-stable
    expect(() => llm.to("v1")).toThrow(RangeError);
  });

  test.each([
    [["v1", "v2"], '"v3" is no subset of llm; it has v1, v2'],
    [[], '"v3" is no subset of llm; it has none'],
  ])("and at run time one that only the stack file knows: of %j", (subsets: string[], message) => {
    expect(() => meshHost("llm", subsets).to("v3")).toThrow(new RangeError(message));
  });
});

test("quantities of the catalogue have a unit that Kubernetes knows", () => {
  expectTypeOf<"2" | "0.5" | "500m">().toExtend<CpuQuantity>();
  expectTypeOf<"500M">().not.toExtend<CpuQuantity>();
  expectTypeOf<"two">().not.toExtend<CpuQuantity>();
  expectTypeOf<"256Mi" | "24Gi" | "1.5G">().toExtend<MemoryQuantity>();
  expectTypeOf<"24">().not.toExtend<MemoryQuantity>();
  expectTypeOf<"24GiB">().not.toExtend<MemoryQuantity>();
  expectTypeOf<Engine["resources"]["limits"]>().toEqualTypeOf<{
    readonly cpu: CpuQuantity;
    readonly memory: MemoryQuantity;
  }>();
});
