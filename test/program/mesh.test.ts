import { beforeAll, describe, expect, test } from "vitest";
import { ByHand } from "../../bench/by-hand.ts";
import type { Plan } from "../../engine/index.ts";
import { needsOf } from "../support/needs.ts";
import { at, manifests, stepTitled } from "../support/plan.ts";
import { planOf, stackWith, withWeights } from "../support/stack.ts";

let local: Plan;
let prod: Plan;

beforeAll(async () => {
  [local, prod] = await Promise.all([planOf(stackWith("local")), planOf(stackWith("prod"))]);
});

describe("local", () => {
  test("each version of a service has a Deployment, a subset and a label that selects it", () => {
    for (const version of ["v1-stable", "v2-experiment"]) {
      const labels = { app: "llm-service", version };
      const deployment = stepTitled(local, `Deployment linly/llm-service-${version}`).inputs;
      expect(at(deployment, "spec", "selector", "matchLabels")).toEqual(labels);
      expect(at(deployment, "spec", "template", "metadata", "labels")).toEqual(labels);
      const rule = stepTitled(local, `DestinationRule linly/llm-service-${version}`).inputs;
      expect(at(rule, "spec")).toEqual({
        host: "llm-service.linly.svc.cluster.local",
        subsets: [
          {
            name: version,
            labels,
            trafficPolicy: {
              loadBalancer: { simple: "LEAST_REQUEST" },
              connectionPool: {
                tcp: { connectTimeout: "2s" },
                http: { http1MaxPendingRequests: 100, http2MaxRequests: 1024, h2UpgradePolicy: "UPGRADE" },
              },
              retryBudget: { percent: 50, minRetryConcurrency: 3 },
            },
          },
        ],
      });
    }
  });

  test("a dialogue is told a version only once the stage that it keeps it of knows that version", async () => {
    const needs = await needsOf(
      stackWith("local", (mesh) => ({
        ...mesh,
        pins: { ...mesh.pins, dialogues: { stages: ["llm"], cookie: "linly-versions", maxAge: "12h" } },
      })),
    );
    const route = (name: string) =>
      [...needs.keys()].find((key) => key.endsWith(`:VirtualService local-${name}`)) ?? "";
    expect(route("llm-service")).not.toBe("");
    expect(needs.get(route("ingress"))).toContain(route("llm-service"));
    // The control: that of another stage it does not wait for.
    expect(needs.get(route("ingress"))).not.toContain(route("tts-service"));
  });

  test("each class of requests has a route that splits by the weights of the stack file", () => {
    const service = stepTitled(local, "VirtualService linly/llm-service").inputs;
    const route = [
      { destination: { host: "llm-service.linly.svc.cluster.local", subset: "v1-stable" }, weight: 90 },
      { destination: { host: "llm-service.linly.svc.cluster.local", subset: "v2-experiment" }, weight: 10 },
    ];
    const untouched = { attempts: 2, retryOn: "connect-failure,refused-stream,reset-before-request" };
    expect(at(service, "spec", "http")).toEqual([
      {
        name: "by-weight-model-change",
        match: [{ method: { exact: "POST" }, uri: { exact: "/llm_change_model/" }, sourceNamespace: "admin" }],
        route,
        timeout: "120s",
        retries: untouched,
      },
      {
        name: "by-weight-stream",
        match: [expect.anything(), expect.anything(), expect.anything()],
        route,
        retries: untouched,
      },
      {
        name: "by-weight-idempotent",
        match: [{ method: { regex: "GET|HEAD|OPTIONS" } }],
        route,
        timeout: "32s",
        retries: { attempts: 2, retryOn: "gateway-error,connect-failure,refused-stream", perTryTimeout: "2s" },
      },
      { name: "by-weight", route, timeout: "32s", retries: untouched },
    ]);
  });

  test("every route of every stack says what is tried again", () => {
    for (const service of [local, prod].flatMap((plan) => manifests(plan, "VirtualService"))) {
      // istiod is passed through to remotes as TLS is.
      if (at(service, "spec", "tls") !== undefined) continue;
      const http = at(service, "spec", "http");
      const routes = Array.isArray(http) ? http : [];
      expect(routes.length).toBeGreaterThan(0);
      // A redirect is an answer: nothing is tried behind it.
      for (const route of routes.filter((one) => at(one, "redirect") === undefined))
        expect(at(route, "retries", "retryOn"), JSON.stringify(route)).toEqual(expect.any(String));
    }
  });

  test("every subset that a route names has a DestinationRule for the same host", () => {
    const subsets = manifests(local, "DestinationRule").map(
      (rule) => `${String(at(rule, "spec", "host"))} ${String(at(rule, "spec", "subsets", 0, "name"))}`,
    );
    const named = manifests(local, "VirtualService").flatMap((service) => {
      const http = at(service, "spec", "http");
      const routes = (Array.isArray(http) ? http : []).flatMap((one) => at(one, "route"));
      return routes.map(
        (share) => `${String(at(share, "destination", "host"))} ${String(at(share, "destination", "subset"))}`,
      );
    });
    // Three classes of requests for each of five services, and a fourth of three that change models; of llm two versions.
    expect(named.length).toBe(3 * (5 + 1) + 3 + 1);
    expect(named.filter((name) => !subsets.includes(name))).toEqual([]);
  });

  test("a chain: each stage knows the next one, and its sidecar knows no other", () => {
    const hops = ["asr-service-v1", "llm-service-v1-stable", "tts-service-v1", "face-service-v1"].map((version) => {
      const scope = stepTitled(local, `Sidecar linly/${version}`).inputs;
      return at(scope, "spec", "egress", 0, "hosts");
    });
    // The sidecar itself sends its spans to the collector.
    const collector = "observability/jaeger.observability.svc.cluster.local";
    expect(hops).toEqual([
      ["./llm-service.linly.svc.cluster.local", collector],
      ["./tts-service.linly.svc.cluster.local", collector],
      ["./face-service.linly.svc.cluster.local", collector],
      [collector],
    ]);
    const deployment = stepTitled(local, "Deployment linly/asr-service-v1").inputs;
    expect(at(deployment, "spec", "template", "spec", "containers", 0, "env")).toContainEqual({
      name: "NEXT_HOPS",
      value: JSON.stringify([
        { name: "llm", url: "http://llm-service.linly.svc.cluster.local:8002/llm_response/", method: "POST" },
      ]),
    });
  });

  test.each([
    ["asr-service-v1", "cpu", undefined],
    ["llm-service-v1-stable", "gpu", "1"],
    ["tts-service-v1", "gpu", "1"],
    ["face-service-v1", "gpu", "1"],
  ])("%s goes to the %s pool and asks for %s GPUs", (name, pool, gpus) => {
    const pod = at(stepTitled(local, `Deployment linly/${name}`).inputs, "spec", "template", "spec");
    expect(at(pod, "nodeSelector")).toEqual({ "linly-mesh/pool": pool });
    expect(at(pod, "containers", 0, "resources", "limits", "nvidia.com/gpu")).toBe(gpus);
  });
});

test("local can be brought up by helm and kubectl alone, which npm run bench:up does", () => {
  const tools = { helm: "", kubectl: "", kubeconfig: "", context: "" };
  expect(local.steps.filter(({ kind }) => kind === "release").length).toBe(5);
  expect(() => new ByHand(local, "", tools)).not.toThrow();
  // The control: a stack with a chart that the lab can't have.
  expect(() => new ByHand(prod, "", tools)).toThrow(/^no order is known for the releases .*nvidia-device-plugin/);
});

describe("every stack", () => {
  const plans = () => [local, prod];

  test("enforces restricted where pods are the mesh's own", () => {
    for (const plan of plans()) {
      const levels = manifests(plan, "Namespace").map((namespace) => [
        at(namespace, "metadata", "name"),
        at(namespace, "metadata", "labels", "pod-security.kubernetes.io/enforce"),
      ]);
      expect(Object.fromEntries(levels)).toMatchObject({
        "istio-system": "restricted",
        "istio-cni": "privileged",
        "istio-ingress": "restricted",
        linly: "restricted",
      });
      const privileged = levels.filter(([, level]) => level !== "restricted").map(([name]) => name);
      // Istio's CNI agent and the device plugin reach into the node.
      expect(["istio-cni", "nvidia-device-plugin"]).toEqual(expect.arrayContaining(privileged));
    }
  });

  test("declares the protocol of every Service port", () => {
    for (const service of plans().flatMap((plan) => manifests(plan, "Service"))) {
      expect(at(service, "spec", "ports", 0, "appProtocol")).toBe("http");
    }
  });

  test("waits for no pod by a stage's Service, which would be for those of every version", () => {
    for (const service of plans().flatMap((plan) => manifests(plan, "Service"))) {
      if (at(service, "metadata", "namespace") !== "linly") continue;
      expect(at(service, "metadata", "annotations")).toEqual({ "pulumi.com/skipAwait": "true" });
    }
  });

  test("has Releases that forget a value which the stack file no longer has, and all but their last revisions", () => {
    const releases = plans().flatMap(({ steps }) => steps.filter(({ kind }) => kind === "release"));
    expect(releases.length).toBeGreaterThan(0);
    for (const { inputs } of releases) expect(inputs).toMatchObject({ resetValues: true, maxHistory: 10 });
  });

  test("has STRICT mTLS for the whole mesh", () => {
    for (const plan of plans()) {
      expect(stepTitled(plan, "PeerAuthentication istio-system/default").inputs["spec"]).toEqual({
        mtls: { mode: "STRICT" },
      });
    }
  });

  test("gives every object and Release an explicit name", () => {
    for (const step of plans().flatMap(({ steps }) => steps)) {
      if (step.kind === "object") expect(at(step.inputs, "metadata", "name"), step.urn).toEqual(expect.any(String));
      if (step.kind === "release") expect(step.inputs["name"], step.urn).toEqual(expect.any(String));
    }
  });

  test("gives pods no privilege, no links, and a token to Prometheus alone, which looks for pods", () => {
    for (const deployment of plans().flatMap((plan) => manifests(plan, "Deployment"))) {
      const pod = at(deployment, "spec", "template", "spec");
      expect(at(pod, "automountServiceAccountToken")).toBe(at(deployment, "metadata", "name") === "prometheus");
      expect(at(pod, "enableServiceLinks")).toBe(false);
      expect(at(pod, "securityContext")).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(at(pod, "containers", 0, "securityContext")).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });
});

test("a cluster without a kubeconfig of its own takes none from the environment into the stack's state", async () => {
  const program = { ...stackWith("prod"), env: { KUBECONFIG: "/of/one/machine" } };
  const inputs = (plan: Plan) => plan.steps.filter(({ kind }) => kind === "provider").map((step) => step.inputs);
  expect(inputs(await planOf(program)).map(({ kubeconfig }) => kubeconfig)).toEqual(["", ""]);
  // The control: the lab's is the stack file's.
  expect(inputs(local)).toMatchObject([{ kubeconfig: ".lab/kubeconfig" }]);
});

test("the gateway's Service is read once it is there; until then the preview calls it by its Pulumi name", () => {
  expect(local.steps.filter(({ kind }) => kind === "read").map(({ title }) => title)).toEqual([
    "Service local-istio-ingress",
  ]);
});

describe("prod", () => {
  test("Istio's charts are pinned", () => {
    const releases = prod.steps.filter(
      ({ kind, inputs }) => kind === "release" && /^istio/.test(String(inputs["name"])),
    );
    expect(releases.map(({ inputs }) => inputs["version"])).toEqual(releases.map(() => "1.31.1"));
    // base, istiod, the CNI agent and two gateways; a remote needs no definitions.
    expect(releases.length).toBe(5 + 4);
  });

  test("orchestrated: the entry stage may call each of the others, and they nobody; all may send their spans", () => {
    const traces = "observability/jaeger.observability.svc.cluster.local";
    const hosts = (version: string) =>
      at(stepTitled(prod, `Sidecar linly/${version}`).inputs, "spec", "egress", 0, "hosts");
    const others = ["asr", "llm", "tts", "face"].map((s) => `./${s}-service.linly.svc.cluster.local`);
    expect(hosts("webui-service-v1")).toEqual([...others, traces]);
    expect(hosts("llm-service-v1-stable")).toEqual([traces]);
  });
});

test("a weight moved in the stack file moves in the route, and nothing else changes", async () => {
  const moved = await planOf(
    stackWith("local", (mesh) => withWeights(mesh, "llm", { "v1-stable": 0, "v2-experiment": 100 })),
  );
  const changed = moved.steps.filter((step) => {
    const before = local.steps.find(({ urn }) => urn === step.urn);
    return JSON.stringify(before?.inputs) !== JSON.stringify(step.inputs);
  });
  expect(changed.filter(({ kind }) => kind === "object").map(({ title }) => title)).toEqual([
    "VirtualService linly/llm-service",
  ]);
  expect(at(stepTitled(moved, "VirtualService linly/llm-service").inputs, "spec", "http", 0, "route")).toEqual([
    { destination: { host: "llm-service.linly.svc.cluster.local", subset: "v2-experiment" }, weight: 100 },
  ]);
});

test("a stack file with faults stops the program before it registers anything", async () => {
  const program = stackWith("local", (mesh) => withWeights(mesh, "llm", { "v2-experiment": 20 }));
  await expect(planOf(program)).rejects.toThrow(
    /stacks\/Pulumi\.local\.yaml has 1 problem:\n {2}services\.llm\.versions {2}weights total 110/,
  );
});
