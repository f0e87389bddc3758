import { beforeAll, describe, expect, test } from "vitest";
import type { MeshConfig } from "../../config/schema.ts";
import type { Json, Plan } from "../../engine/index.ts";
import { at, isObject, manifests, stepTitled } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";

const shadowName = "candidate-v2";

/** The local chain with a shadow of its entry stage, and requests that keep to versions. */
function withShadow(mesh: MeshConfig): MeshConfig {
  const { asr } = mesh.services;
  const [first] = asr?.versions ?? [];
  if (asr === undefined || first === undefined) throw new Error("the local stack has no asr");
  const versions = [
    { ...first, weight: 100 },
    { ...first, name: "old", weight: 0 },
    { ...first, name: shadowName, weight: 0 },
  ];
  const mirrored = { ...asr, versions, mirror: { to: shadowName, percent: 2.5 } };
  return {
    ...mesh,
    pins: {
      testers: { header: "x-linly-versions" },
      dialogues: { stages: ["asr"], cookie: "linly-versions", maxAge: "12h" },
    },
    services: { ...mesh.services, asr: mirrored },
  };
}

let prod: Plan;
let pinned: Plan;
let before: Plan;

beforeAll(async () => {
  [prod, pinned, before] = await Promise.all([
    planOf(stackWith("prod")),
    planOf(stackWith("local", withShadow)),
    planOf(stackWith("local")),
  ]);
});

function routes(plan: Plan, name: string): Json[] {
  const http = at(stepTitled(plan, `VirtualService linly/${name}`).inputs, "spec", "http");
  if (!Array.isArray(http)) throw new Error(`${name} has no routes`);
  return http;
}

function pod(plan: Plan, version: string): Json | undefined {
  return at(stepTitled(plan, `Deployment linly/${version}`).inputs, "spec", "template");
}

function scope(plan: Plan, version: string): Json | undefined {
  return at(stepTitled(plan, `Sidecar linly/${version}`).inputs, "spec");
}

describe("tts of prod: production, of whose requests candidate-v2 gets copies", () => {
  const host = "tts-service.linly.svc.cluster.local";

  test("each route of requests with a length carries the mirror, and no other does", () => {
    const mirrors = [{ destination: { host, subset: shadowName }, percentage: { value: 5 } }];
    const told = routes(prod, "tts-service").map((route) => [at(route, "name"), at(route, "mirrors")]);
    expect(told.length).toBeGreaterThan(2);
    for (const [name, found] of told) {
      expect(found, String(name)).toEqual(String(name).includes("-copied") ? mirrors : undefined);
    }
  });

  test("no route sends requests to it", () => {
    for (const route of routes(prod, "tts-service")) {
      expect(at(route, "route")).toEqual([{ destination: { host, subset: "production" }, weight: 100 }]);
    }
  });

  test("it has a subset and pods that the Service selects, and an account of its own", () => {
    const subset = (version: string) =>
      at(stepTitled(prod, `DestinationRule linly/tts-service-${version}`).inputs, "spec", "subsets", 0);
    const pool = {
      tcp: { connectTimeout: "2s" },
      http: { http1MaxPendingRequests: 64, http2MaxRequests: 64, h2UpgradePolicy: "UPGRADE" },
    };
    expect(at(subset(shadowName), "trafficPolicy", "connectionPool")).toEqual(pool);
    expect(at(subset("production"), "trafficPolicy", "connectionPool")).not.toEqual(pool);
    expect(at(stepTitled(prod, "Service linly/tts-service").inputs, "spec", "selector")).toEqual({
      app: "tts-service",
    });
    const account = stepTitled(prod, "ServiceAccount linly/tts-service-shadow").inputs;
    expect(at(account, "automountServiceAccountToken")).toBe(false);
    expect(at(pod(prod, "tts-service-candidate-v2"), "spec", "serviceAccountName")).toBe("tts-service-shadow");
    expect(at(pod(prod, "tts-service-production"), "spec", "serviceAccountName")).toBe("tts-service");
    const labels = { app: "tts-service", version: shadowName };
    const shadow = stepTitled(prod, "Deployment linly/tts-service-candidate-v2").inputs;
    expect(at(shadow, "spec", "selector", "matchLabels")).toEqual(labels);
    expect(at(pod(prod, "tts-service-candidate-v2"), "metadata", "labels")).toEqual({
      ...labels,
      "linly-mesh/shadow": "true",
    });
  });

  test("its sidecar ends what it leaves without an answer, and that of no other version does", () => {
    const ofTts = manifests(prod, "EnvoyFilter").filter((filter) => JSON.stringify(filter).includes("SIDECAR_INBOUND"));
    expect(ofTts.map((filter) => [at(filter, "metadata", "name"), at(filter, "spec")])).toEqual([
      [
        "tts-service-candidate-v2-silence",
        {
          workloadSelector: { labels: { app: "tts-service", version: shadowName } },
          configPatches: [
            {
              applyTo: "HTTP_ROUTE",
              match: { context: "SIDECAR_INBOUND" },
              patch: { operation: "MERGE", value: { route: { idle_timeout: "120s" } } },
            },
          ],
        },
      ],
    ]);
  });

  test("only services that are mirrored have such an account", () => {
    const accounts = manifests(prod, "ServiceAccount").map((account) => at(account, "metadata", "name"));
    expect(accounts.filter((name) => String(name).endsWith("-shadow"))).toEqual([
      "tts-service-shadow",
      "tts-service-shadow", // in the other region
    ]);
  });
});

describe("a shadow of the entry stage of a chain", () => {
  test("knows no stage, where the versions beside it know the next one", () => {
    const collector = "observability/jaeger.observability.svc.cluster.local";
    for (const [version, hosts] of [
      ["v1", ["./llm-service.linly.svc.cluster.local", collector]],
      [shadowName, [collector]],
    ] as const) {
      expect(scope(pinned, `asr-service-${version}`)).toEqual({
        workloadSelector: { labels: { app: "asr-service", version } },
        egress: [{ hosts }],
        outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      });
    }
    const env = at(pod(pinned, `asr-service-${shadowName}`), "spec", "containers", 0, "env");
    expect(env).toContainEqual({ name: "NEXT_HOPS", value: "[]" });
    expect(JSON.stringify(env)).not.toContain("llm");
  });

  test("no pod is in two scopes: Istio would take the older one", () => {
    for (const plan of [prod, pinned]) {
      const selectors = manifests(plan, "Sidecar").map((sidecar) => at(sidecar, "spec", "workloadSelector", "labels"));
      for (const deployment of manifests(plan, "Deployment")) {
        const labels = at(deployment, "spec", "template", "metadata", "labels");
        if (at(deployment, "metadata", "namespace") !== "linly" || !isObject(labels)) continue;
        const chosen = selectors.filter(
          (selector) =>
            isObject(selector) && Object.entries(selector).every(([label, value]) => labels[label] === value),
        );
        expect(chosen, JSON.stringify(labels)).toHaveLength(1);
      }
    }
  });

  test("no pin leads to it, at the gateway or behind it; to a version without a share that is none, pins lead", () => {
    for (const name of ["ingress", "asr-service"]) {
      const destinations = routes(pinned, name).map((route) => JSON.stringify(at(route, "route")));
      expect(destinations.some((text) => text.includes('"old"'))).toBe(true);
      expect(destinations.filter((text) => text.includes(shadowName))).toEqual([]);
      expect(
        routes(pinned, name)
          .map((route) => String(at(route, "name")))
          .join(),
      ).not.toContain(shadowName);
    }
  });

  test("the gateway copies on testers' and dialogues' routes as well", () => {
    const copying = routes(pinned, "ingress").filter((route) => at(route, "mirrors") !== undefined);
    const names = copying.map((route) => String(at(route, "name")));
    for (const start of ["tester-v1-copied", "tester-copied", "dialogue-asr.v1-copied", "by-weight-copied"]) {
      expect(names.some((name) => name.startsWith(start))).toBe(true);
    }
  });

  test("pods of versions that answer callers are what they were without it", () => {
    expect(pod(pinned, "asr-service-v1")).toEqual(pod(before, "asr-service-v1"));
  });
});
