import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import type { Json, JsonObject, Plan } from "../../engine/index.ts";
import { startApiServer, type ApiServer } from "../support/api-server.ts";
import { define, definitions, istioDefinition, operatorDefinition } from "../support/definitions.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { at, isObject, manifests, stepTitled } from "../support/plan.ts";
import { StackUnderTest } from "../support/stack-under-test.ts";
import { planOf, stackWith } from "../support/stack.ts";

/* Go is needed, for the modules that hold the definitions; it comes with what a lab needs. */
describeOnLab("definitions", () => {
  let server: ApiServer;
  let plan: Plan;

  beforeAll(async () => {
    const prometheus = { install: false, operator: { labels: { release: "stack" } } };
    const change: object = { addons: { prometheus, grafana: { install: false } } };
    const around = stackWith("prod", (mesh) => ({ ...inOneCluster(mesh), ...change }));
    [server, plan] = await Promise.all([startApiServer(), planOf(around)]);
  });

  afterAll(() => server.stop());

  describe("too old for what is used", () => {
    const apiVersion = "networking.istio.io/v1";

    /** The definition of VirtualService without one field of a route's destinations, as an older release might have it. */
    function without(field: string): JsonObject {
      const definition = istioDefinition("VirtualService");
      const versions = at(definition, "spec", "versions");
      for (const version of Array.isArray(versions) ? versions : []) {
        const http = at(version, "schema", "openAPIV3Schema", "properties", "spec", "properties", "http");
        const destination = at(http, "items", "properties", "route", "items", "properties");
        if (!isObject(destination) || !(field in destination)) throw new Error(`a destination has no ${field}`);
        delete destination[field];
      }
      return definition;
    }

    test("end an `up` with kind, object and field, and nothing after it is made; the control: as they are", async () => {
      const stack = new StackUnderTest("old", server, "");
      await stack.makeNamespace();
      const kind = "VirtualService";
      const { spec: rendered = {} } = stepTitled(plan, `${kind} linly/llm-service`).inputs;
      // Of its routes, one for each class of requests, one.
      const spec = { hosts: at(rendered, "hosts") ?? [], http: [at(rendered, "http", 0) ?? {}] };
      const wanted = { chain: ["after"], custom: { apiVersion, kind, spec } };

      await define(server, without("weight"));
      const refused = await stack.up(wanted);
      const [told, ...fields] = refused.end.split("\n");
      expect(told).toContain("(old/custom; networking.istio.io/v1, Kind=VirtualService)");
      expect(fields.map((field) => field.trim())).toEqual([
        ".spec.http[0].route[0].weight: field not declared in schema",
        ".spec.http[0].route[1].weight: field not declared in schema",
      ]);
      expect(await stack.names("configmaps")).toEqual([]);

      const { spec: whole = {} } = istioDefinition(kind);
      await server.request("PATCH", `${definitions}/virtualservices.networking.istio.io`, { spec: whole });
      const custom = { apiVersion, kind, metadata: { name: "custom" }, spec };
      await vi.waitUntil(async () => (await accepted(custom)) === 201, { timeout: 60_000, interval: 100 });
      const taken = await stack.up(wanted);
      expect(taken.done).toEqual(["create VirtualService old/custom", "create ConfigMap old/after"]);
    });

    async function accepted(object: JsonObject): Promise<number> {
      const path = `/apis/${apiVersion}/namespaces/old/virtualservices?fieldValidation=Strict&dryRun=All`;
      return (await server.request("POST", path, object)).status;
    }
  });

  describe("of the Prometheus operator", () => {
    const kinds = [
      ["PodMonitor", "podmonitors"],
      ["ServiceMonitor", "servicemonitors"],
      ["PrometheusRule", "prometheusrules"],
    ] as const;

    beforeAll(async () => {
      await server.request("POST", "/api/v1/namespaces", { metadata: { name: "observability" } });
      for (const [, plural] of kinds) await define(server, operatorDefinition(plural));
    });

    /** What the API server answers to an object that it is to take: its status, and why it refuses. */
    async function taken(plural: string, object: JsonObject): Promise<Json> {
      const path = `/apis/monitoring.coreos.com/v1/namespaces/observability/${plural}?fieldValidation=Strict&dryRun=All`;
      const { status, body } = await server.request("POST", path, object);
      return status === 201 ? status : (at(body, "message") ?? status);
    }

    test.each(kinds)("accept the program's %s, field by field", async (kind, plural) => {
      const [own, ...others] = manifests(plan, kind);
      if (own === undefined) throw new Error(`the plan has no ${kind}`);
      expect(others).toEqual([]);
      expect(await taken(plural, own)).toBe(201);
      const spec = at(own, "spec");
      const wrong = { ...own, spec: { ...(isObject(spec) ? spec : {}), nonsense: true } };
      expect(await taken(plural, wrong), "the control").toMatch(/unknown field "spec.nonsense"/);
    });

    test("refuse a rule whose expression is no text: the control that what is inside counts", async () => {
      const [own] = manifests(plan, "PrometheusRule");
      const text = JSON.stringify(own).replace(/"expr":"(?:[^"\\]|\\.)*"/, '"expr":{}');
      expect(await taken("prometheusrules", JSON.parse(text))).toMatch(/expr/);
    });
  });
});
