import { beforeAll, describe, expect, test } from "vitest";
import type { MeshConfig } from "../../config/schema.ts";
import type { Plan } from "../../engine/index.ts";
import { at, manifests, stepTitled } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";

function limited(mesh: MeshConfig): MeshConfig {
  const limit = { requests: 500, interval: "1s" as const };
  const clientLimit = { requests: 20, interval: "1s" as const, by: "address" as const };
  return {
    ...mesh,
    ingress: { ...mesh.ingress, limit, clientLimit },
    offline: { header: "x-linly-offline", requests: 8 },
  };
}

let local: Plan;
let guarded: Plan;

beforeAll(async () => {
  [local, guarded] = await Promise.all([planOf(stackWith("local")), planOf(stackWith("local", limited))]);
});

describe("limits at the gateway", () => {
  test("are one EnvoyFilter of the gateway's pods", () => {
    const without = manifests(local, "EnvoyFilter").map((filter) => String(at(filter, "metadata", "name")));
    expect(without.filter((name) => name.endsWith("limits"))).toEqual([]);
    const { inputs } = stepTitled(guarded, "EnvoyFilter istio-ingress/ingress-limits");
    expect(at(inputs, "spec", "workloadSelector")).toEqual({ labels: { istio: "ingress" } });
    const names = [0, 1].map((index) => at(inputs, "spec", "configPatches", index, "patch", "value", "name"));
    expect(names).toEqual(["linly-mesh.gateway_limit", "linly-mesh.client_limit"]);
  });

  test("let a connection reach a gateway on the node that it came to, and no other", () => {
    const policy = (plan: Plan) => {
      const release = plan.steps.find(({ inputs }) => inputs["name"] === "istio-ingress");
      return at(release?.inputs, "values", "service", "externalTrafficPolicy");
    };
    expect(policy(local)).toBeUndefined();
    expect(policy(guarded)).toBe("Local");
  });
});

describe("offline work", () => {
  const subsets = (name: string) => {
    const list = at(stepTitled(guarded, `DestinationRule linly/${name}`).inputs, "spec", "subsets");
    return Array.isArray(list) ? list : [];
  };
  const names = (route: string) => {
    const list = at(stepTitled(guarded, `VirtualService linly/${route}`).inputs, "spec", "http");
    return Array.isArray(list) ? list.map((each) => at(each, "name")) : [];
  };

  test("has places at the stage that users reach, and at no other", () => {
    expect(subsets("asr-service-v1").map((subset) => at(subset, "name"))).toEqual(["v1", "v1-offline"]);
    const [own, offline] = subsets("asr-service-v1");
    expect(at(offline, "labels")).toEqual(at(own, "labels"));
    expect(at(offline, "trafficPolicy", "connectionPool", "http")).toMatchObject({ http2MaxRequests: 8 });
    expect(subsets("llm-service-v2-experiment").map((subset) => at(subset, "name"))).toEqual(["v2-experiment"]);
  });

  test("has routes of its own before the others, at the gateway and behind it, but for what changes a model", () => {
    const own = (route: unknown) => String(route).includes("-offline");
    const ahead = { ingress: [], "llm-service": ["by-weight-model-change"], "tts-service": ["by-weight-model-change"] };
    for (const [route, before] of Object.entries(ahead)) {
      const offline = names(route).filter(own);
      expect(offline).toContain("by-weight-offline");
      expect(names(route).slice(0, before.length + offline.length)).toEqual([...before, ...offline]);
    }
    const [first] = names("ingress");
    const http = at(stepTitled(guarded, "VirtualService linly/ingress").inputs, "spec", "http", 0);
    expect(at(http, "name")).toBe(first);
    expect(at(http, "route", 0, "destination", "subset")).toBe("v1-offline");
  });
});
