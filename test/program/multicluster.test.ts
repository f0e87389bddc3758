import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject, Plan, Step } from "../../engine/index.ts";
import { at } from "../support/plan.ts";
import { multiPrimary, planOf, stackWith, withService } from "../support/stack.ts";

const stacks = {
  remote: stackWith("local-multicluster"),
  primaries: stackWith("local-multicluster", multiPrimary),
  drained: stackWith("local-multicluster", (mesh) => ({
    ...withService(mesh, "tts", (service) => ({ ...service, model: { size: "1Gi" } })),
    clusters: mesh.clusters.map((cluster) => ({ ...cluster, drained: cluster.name === "east" })),
  })),
  oneRegion: stackWith("local-multicluster", (mesh) =>
    withService(mesh, "tts", (service) => ({ ...service, clusters: ["east"] })),
  ),
};

const plans = new Map<keyof typeof stacks, Plan>();

beforeAll(async () => {
  for (const name of ["remote", "primaries", "drained", "oneRegion"] as const)
    plans.set(name, await planOf(stacks[name]));
});

/** The steps of one cluster. */
function stepsIn(stack: keyof typeof stacks, cluster: string): Step[] {
  const plan = plans.get(stack);
  if (plan === undefined) throw new Error(`${stack} was not planned`);
  const steps = plan.steps.filter((step) => step.cluster === cluster);
  expect(steps.length, `${cluster} has objects`).toBeGreaterThan(10);
  return steps;
}

/** The names of what one cluster gets of a kind, `namespace/name`. */
function namesOf(stack: keyof typeof stacks, cluster: string, kind: string): string[] {
  return stepsIn(stack, cluster).flatMap(({ title }) =>
    title.startsWith(`${kind} `) ? [title.split(" ")[1] ?? ""] : [],
  );
}

function inputsOf(stack: keyof typeof stacks, cluster: string, title: string): JsonObject {
  const found = stepsIn(stack, cluster).find((step) => step.title === title);
  if (found === undefined) throw new Error(`${cluster} has no ${title}`);
  return found.inputs;
}

function isOfIstio({ inputs }: Step): boolean {
  return /\.istio\.io\//.test(String(inputs["apiVersion"]));
}

const stages = ["asr-service-v1", "face-service-v1", "llm-service-v1-stable", "tts-service-v1"].map(
  (name) => `linly/${name}`,
);

describe("a primary and its remote", () => {
  test("Istio's resources are in the primary, and none in the remote", () => {
    expect(stepsIn("remote", "north").filter(isOfIstio).length).toBeGreaterThan(20);
    expect(stepsIn("remote", "east").filter(isOfIstio)).toEqual([]);
  });

  test("each has the releases of its role", () => {
    const common = [
      "cert-manager/cert-manager",
      "istio-cni/istio-cni",
      "istio-eastwest/istio-eastwestgateway",
      "istio-ingress/istio-ingress",
    ];
    expect(namesOf("remote", "north", "Release")).toEqual([
      ...common,
      "istio-system/istio-base",
      "istio-system/istiod",
    ]);
    expect(namesOf("remote", "east", "Release")).toEqual([...common, "istio-system/istiod"]);
    expect(at(inputsOf("remote", "north", "Release istio-system/istiod"), "values", "global", "externalIstiod")).toBe(
      true,
    );
    expect(at(inputsOf("remote", "east", "Release istio-system/istiod"), "values", "profile")).toBe("remote");
  });

  test("the remote's istio-system says whose it is, the primary's only where it is", () => {
    const labels = (cluster: string) =>
      at(inputsOf("remote", cluster, "Namespace istio-system"), "metadata", "labels", "topology.istio.io/network");
    const owner = (cluster: string) =>
      at(inputsOf("remote", cluster, "Namespace istio-system"), "metadata", "annotations");
    expect([labels("north"), labels("east")]).toEqual(["north", "east"]);
    expect([owner("north"), owner("east")]).toEqual([undefined, { "topology.istio.io/controlPlaneClusters": "north" }]);
  });

  test("the primary reads the remote, and nobody reads the primary", () => {
    expect(namesOf("remote", "north", "Secret")).toEqual(["istio-system/istio-remote-secret-east"]);
    expect(namesOf("remote", "east", "Secret")).toEqual(["istio-system/linly-mesh-reader-1"]);
    expect(namesOf("remote", "east", "ClusterRole")).toEqual(["linly-mesh-reader"]);
    expect(namesOf("remote", "north", "ClusterRole")).toEqual([]);
    expect(
      at(inputsOf("remote", "north", "Secret istio-system/istio-remote-secret-east"), "metadata", "annotations"),
    ).toEqual({
      "networking.istio.io/cluster": "east",
    });
  });

  test("what is called is let in, and what runs in no other place but by istiod's door is not", () => {
    expect(namesOf("remote", "north", "Gateway")).toEqual([
      "istio-eastwest/istiod",
      "istio-eastwest/services-east",
      "istio-eastwest/services-north",
      "linly/ingress",
    ]);
    const hosts = (name: string) =>
      at(inputsOf("remote", "north", `Gateway istio-eastwest/${name}`), "spec", "servers", 0, "hosts");
    const all = ["asr", "llm", "tts", "face"].map((stage) => `${stage}-service.linly.svc.cluster.local`);
    expect(hosts("services-east")).toEqual(all);
    expect(hosts("services-north")).toEqual(all);
  });

  test("a version with 0 replicas in a cluster has no pods there, and its rules all the same", () => {
    expect(namesOf("remote", "north", "Deployment")).toEqual([...stages, "linly/llm-service-v2-experiment"].sort());
    expect(namesOf("remote", "east", "Deployment")).toEqual(stages);
    expect(namesOf("remote", "north", "DestinationRule")).toContain("linly/llm-service-v2-experiment");
  });

  test("callers of each cluster choose by its own weights, those of the remote by their label", () => {
    const http = at(inputsOf("remote", "north", "VirtualService linly/llm-service"), "spec", "http");
    const routes = Array.isArray(http) ? http : [];
    const sharesOf = (name: string) => {
      const route = at(
        routes.find((one) => at(one, "name") === name),
        "route",
      );
      return (Array.isArray(route) ? route : []).map((one) => [at(one, "destination", "subset"), at(one, "weight")]);
    };
    expect(sharesOf("in-east-by-weight")).toEqual([["v1-stable", 100]]);
    expect(sharesOf("by-weight")).toEqual([
      ["v1-stable", 90],
      ["v2-experiment", 10],
    ]);
    const matched = routes.filter((one) => String(at(one, "name")).startsWith("in-east-"));
    expect(matched.length).toBeGreaterThan(0);
    for (const one of matched) {
      expect(at(one, "match", 0, "sourceLabels")).toEqual({ "topology.istio.io/cluster": "east" });
    }
  });

  test("callers prefer their region where a version runs in several, and nothing where it runs in one", () => {
    const setting = (version: string) =>
      at(
        inputsOf("remote", "north", `DestinationRule linly/llm-service-${version}`),
        "spec",
        "subsets",
        0,
        "trafficPolicy",
        "loadBalancer",
        "localityLbSetting",
      );
    expect(setting("v1-stable")).toEqual({ enabled: true, failoverPriority: ["topology.kubernetes.io/region"] });
    // One replica, and so no outlier detection, without which Istio knows no places.
    expect(setting("v2-experiment")).toBeUndefined();
  });
});

describe("a control plane in each", () => {
  test("each has Istio's resources of its own, and serves nobody else", () => {
    const kinds = (cluster: string) =>
      stepsIn("primaries", cluster)
        .filter(isOfIstio)
        .map(({ title }) => title)
        .filter((title) => !title.includes("services-"));
    expect(kinds("north").length).toBeGreaterThan(20);
    expect(kinds("east")).toEqual(kinds("north"));
    expect(namesOf("primaries", "east", "Release")).toContain("istio-system/istio-base");
    expect(
      at(inputsOf("primaries", "north", "Release istio-system/istiod"), "values", "global", "externalIstiod"),
    ).toBeUndefined();
    for (const cluster of ["north", "east"])
      expect(namesOf("primaries", cluster, "Gateway")).toEqual([`istio-eastwest/services-${cluster}`, "linly/ingress"]);
  });

  test("each reads the other", () => {
    expect(namesOf("primaries", "north", "Secret")).toEqual([
      "istio-system/istio-remote-secret-east",
      "istio-system/linly-mesh-reader-1",
    ]);
    expect(namesOf("primaries", "east", "Secret")).toEqual([
      "istio-system/istio-remote-secret-north",
      "istio-system/linly-mesh-reader-1",
    ]);
  });

  test("the root is in the first; the other one asks it to sign, and keeps its key to itself", () => {
    expect(namesOf("primaries", "north", "Certificate")).toEqual(["istio-system/cacerts", "istio-system/mesh-root"]);
    expect(namesOf("primaries", "east", "Certificate")).toEqual(["istio-system/mesh-ca-request"]);
    expect(namesOf("primaries", "north", "CertificateRequest")).toEqual(["istio-system/east-intermediate-1"]);
    expect(namesOf("primaries", "east", "CertificateRequest")).toEqual([]);
    expect(namesOf("primaries", "east", "ConfigMap")).toContain("istio-system/mesh-ca-chain");
    expect(namesOf("primaries", "north", "ConfigMap")).not.toContain("istio-system/mesh-ca-chain");
  });

  test("each cluster's own weights are its whole route", () => {
    const names = (cluster: string) => {
      const http = at(inputsOf("primaries", cluster, "VirtualService linly/llm-service"), "spec", "http");
      return (Array.isArray(http) ? http : []).map((one) => [at(one, "name"), at(one, "route", 0, "weight")]);
    };
    expect(names("north")).toContainEqual(["by-weight", 90]);
    expect(names("east")).toContainEqual(["by-weight", 100]);
    expect(JSON.stringify([names("north"), names("east")])).not.toContain("-in-");
  });
});

describe("what runs where", () => {
  test("a drained cluster has every Service and no pods, and no rule changes for it", () => {
    expect(namesOf("drained", "east", "Deployment")).toEqual([]);
    expect(namesOf("drained", "east", "Service")).toEqual(namesOf("remote", "east", "Service"));
    expect(namesOf("drained", "east", "Service")).toHaveLength(4);
    for (const kind of ["Gateway", "DestinationRule", "VirtualService", "AuthorizationPolicy", "Sidecar"]) {
      expect(namesOf("drained", "north", kind).length, kind).toBeGreaterThan(0);
      for (const name of namesOf("drained", "north", kind)) {
        expect(inputsOf("drained", "north", `${kind} ${name}`)).toEqual(inputsOf("remote", "north", `${kind} ${name}`));
      }
    }
    expect(namesOf("drained", "north", "Deployment")).toEqual(namesOf("remote", "north", "Deployment"));
  });

  test("what a claim holds stays the stack's while its cluster is drained", () => {
    for (const cluster of ["north", "east"]) {
      expect(namesOf("drained", cluster, "PersistentVolumeClaim"), cluster).toEqual(["linly/tts-service-model"]);
    }
  });

  test("a service of one region is called from the other, whose callers are let in there", () => {
    expect(namesOf("oneRegion", "north", "Deployment")).not.toContain("linly/tts-service-v1");
    expect(namesOf("oneRegion", "east", "Deployment")).toContain("linly/tts-service-v1");
    expect(namesOf("oneRegion", "north", "Service")).toContain("linly/tts-service");
    const hosts = (cluster: string) =>
      JSON.stringify(
        at(inputsOf("oneRegion", "north", `Gateway istio-eastwest/services-${cluster}`), "spec", "servers", 0, "hosts"),
      );
    expect(hosts("east")).toContain("tts-service");
    expect(hosts("north")).not.toContain("tts-service");
  });
});
