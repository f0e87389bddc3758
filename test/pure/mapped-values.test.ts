import { describe, expect, test } from "vitest";
import { z } from "zod";
import { certManagerValues } from "../../components/addons/cert-manager-args.ts";
import { gpuDevicePluginValues } from "../../components/addons/gpu-values.ts";
import { overlay, type HelmValues } from "../../components/helm-values.ts";
import { valuesOf, type IstioPart } from "../../components/istio/values.ts";
import { parseMesh } from "../../config/parse.ts";
import { installed } from "../../config/schema.ts";
import { faultsOf, meshOf } from "../support/clusters.ts";

/** A mesh in whose values each path holds what is given: `istiod.global` below `istio.values`. */
function withValues(paths: readonly string[], value: unknown): Record<string, unknown> {
  const values = paths.reduce<HelmValues>((all, path) => overlay(all, nested(path, value)), {});
  return meshOf({ istio: { charts: { folder: "charts" }, ca: "certManager", values } });
}

function nested(path: string, value: unknown): HelmValues {
  const inner = path.split(".").reduceRight<unknown>((within, key) => ({ [key]: within }), value);
  return z.record(z.string(), z.json()).parse(inner);
}

/** Paths of all mappings within values of Helm. */
function mappingsOf(values: HelmValues, path: string): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? [`${path}.${key}`, ...mappingsOf(value, `${path}.${key}`)]
      : [],
  );
}

describe("what is laid over a mapping is a mapping", () => {
  const gone = "is no mapping; what the program sets below it would be gone: leave the key out, or say single values";

  test("every empty key is told", () => {
    const paths = ["istiod.meshConfig", "istiod.global", "istiod.cni", "istiod.env", "gateway.podAnnotations"];
    const faults = faultsOf(withValues(paths, null));
    expect(faults.sort()).toEqual(paths.map((path) => `istio.values.${path}: null ${gone}`).sort());
  });

  test.each([["abc"], [["abc"]], [7]])("%j", (value) => {
    const faults = [`istio.values.istiod.meshConfig: ${JSON.stringify(value)} ${gone}`];
    expect(faultsOf(withValues(["istiod.meshConfig"], value))).toEqual(faults);
  });

  test("an add-on's values too", () => {
    const addons = {
      certManager: { values: { global: null } },
      gpuDevicePlugin: { values: { nodeSelector: null, affinity: null } },
    };
    expect(faultsOf(meshOf({ addons }))).toEqual([
      `addons.certManager.values.global: null ${gone}`,
      `addons.gpuDevicePlugin.values.nodeSelector: null ${gone}`,
    ]);
  });

  test("a single value may be taken away, and what the program says nothing of", () => {
    const paths = ["istiod.global.proxy.resources.limits.cpu", "gateway.autoscaling", "cni.resources"];
    expect(faultsOf(withValues(paths, null))).toEqual([]);
  });

  const mesh = parseMesh(
    meshOf({
      istio: { charts: { folder: "charts" }, ca: "certManager", workloadCertificates: { ttl: "12h" } },
      ingress: { hosts: ["talk.example.com"], clientLimit: { requests: 1 } },
      airGap: { registry: "m.example.com", charts: { folder: "charts" } },
      addons: { gpuDevicePlugin: { timeSlicing: { replicas: 2 } } },
    }),
    "s",
  );
  const { istio, ingress, airGap, addons, pools } = mesh;
  const collector = { service: "jaeger.observability.svc", namespace: "observability", port: 4317 };
  const eastWestGateway = { annotations: { a: "b" }, sourceRanges: ["10.0.0.0/8"] };
  const cluster = { name: "c", network: "n", eastWestGateway };
  const parts: readonly IstioPart[] = ["base", "cni", "gateway", "eastWestGateway", "istiod"];
  const ofIstio = parts.flatMap((part) =>
    mappingsOf(valuesOf(part, { istio, ingress, airGap, collector, finishSeconds: 30 }, cluster), part),
  );

  test.each(ofIstio)("the program's own: %s", (path) => {
    expect(faultsOf(withValues([path], null))).toEqual([expect.stringContaining(`istio.values.${path}: `)]);
  });

  test.each([
    ...mappingsOf(certManagerValues(installed(addons.certManager) ?? raise(), airGap), "certManager"),
    ...mappingsOf(
      gpuDevicePluginValues(installed(addons.gpuDevicePlugin) ?? raise(), pools.gpu, airGap),
      "gpuDevicePlugin",
    ),
  ])("an add-on's: %s", (path) => {
    const [addon = "", ...below] = path.split(".");
    const values = nested(below.join("."), null);
    expect(faultsOf(meshOf({ addons: { [addon]: { values } } }))).toEqual([
      `addons.${[addon, "values", ...below].join(".")}: null ${gone}`,
    ]);
  });
});

function raise(): never {
  throw new Error("is not installed");
}
