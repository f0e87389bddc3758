import { describe, expect, test } from "vitest";
import {
  gatewayPolicies,
  observabilityPolicies,
  otherwiseClosed,
  stagePolicies,
  type NamedPolicy,
  type NetworkArgs,
} from "../../components/security/network-policies.ts";
import { parseMesh } from "../../config/parse.ts";
import { planPipeline } from "../../services/plan.ts";

const raw = {
  mode: "chain",
  pipeline: ["asr", "tts"],
  clusters: [{ name: "c", network: "n", region: "r" }],
  istio: { charts: { folder: "charts" } },
  telemetry: { alerts: { latency: { enabled: false }, errors: { enabled: false } } },
  services: {
    asr: { engine: "simulator", versions: [{ name: "v1", weight: 100, image: "x/asr:1" }] },
    tts: {
      engine: "simulator",
      versions: [
        { name: "v1", weight: 100, image: "x/tts:1" },
        { name: "v2", weight: 0, image: "x/tts:2" },
      ],
      mirror: { to: "v2", percent: 5 },
      egress: ["voices.example.com"],
    },
  },
};

function argsOf(more: object = {}) {
  const config = parseMesh({ ...raw, ...more }, "s");
  return { config, pipeline: planPipeline(config) };
}

/** The policies of all stages. */
const ofStages = (args: NetworkArgs) => [...stagePolicies(args).values()].flat();

/** The policy of this name; its rules are literals, as nothing in them is known later. */
function named(policies: readonly NamedPolicy[], name: string) {
  const found = policies.find((policy) => policy.name === name);
  if (found === undefined) throw new Error(`no policy ${name} among ${policies.map((one) => one.name).join(", ")}`);
  return found.spec;
}

const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: "TCP", port }));
const pods = (namespace: string, labels?: Record<string, string>) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  ...(labels !== undefined && { podSelector: { matchLabels: labels } }),
});
const uploader = pods("admin");
const prometheus = { from: [pods("observability", { app: "prometheus" })], ports: tcp(15020) };
const needs = [
  { to: [pods("kube-system", { "k8s-app": "kube-dns" })] },
  {
    to: [{ ipBlock: { cidr: "169.254.20.10/32" } }],
    ports: [
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ],
  },
  { to: [pods("istio-system", { app: "istiod" })], ports: tcp(15012) },
  { to: [pods("observability", { app: "jaeger" })], ports: tcp(4317) },
];
const world = {
  to: [
    {
      ipBlock: {
        cidr: "0.0.0.0/0",
        except: ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
      },
    },
    { ipBlock: { cidr: "::/0", except: ["fc00::/7", "fe80::/10"] } },
  ],
  ports: tcp(443),
};
const policyTypes = ["Ingress", "Egress"];

describe("the stages", () => {
  test("the entry: in from the gateway, out to the next stage and what sidecars need", () => {
    expect(named(ofStages(argsOf()), "asr-service")).toEqual({
      podSelector: {
        matchLabels: { app: "asr-service" },
        matchExpressions: [{ key: "linly-mesh/shadow", operator: "DoesNotExist" }],
      },
      policyTypes,
      ingress: [{ from: [pods("istio-ingress", { istio: "ingress" })], ports: tcp(8000) }, prometheus],
      egress: [...needs, { to: [pods("linly", { app: "tts-service" })], ports: tcp(8001) }],
    });
  });

  test("a stage behind it: in from its caller, out to the world where it has hosts there", () => {
    const { ingress, egress } = named(ofStages(argsOf()), "tts-service");
    expect(ingress).toEqual([
      { from: [pods("linly", { app: "asr-service" }), uploader], ports: tcp(8001) },
      prometheus,
    ]);
    expect(egress).toEqual([...needs, world]);
  });

  test("its shadow: in alike, out to nobody", () => {
    expect(named(ofStages(argsOf()), "tts-service-shadow")).toEqual({
      podSelector: { matchLabels: { app: "tts-service", "linly-mesh/shadow": "true" } },
      policyTypes,
      ingress: [{ from: [pods("linly", { app: "asr-service" }), uploader], ports: tcp(8001) }, prometheus],
      egress: needs,
    });
  });

  test.each([
    ["simulator", [false, true]],
    ["kokoro", [false, false]],
  ])(
    "the uploader's namespace comes in where there are models to change, and nowhere else: tts by %s",
    (engine, is) => {
      const services = { ...raw.services, tts: { engine, versions: [{ name: "v1", weight: 100, image: "x/tts:1" }] } };
      const args = argsOf({ services, modelUploader: { namespace: "ml" } });
      const namesIt = ["asr-service", "tts-service"].map((name) =>
        JSON.stringify(named(ofStages(args), name).ingress).includes('"ml"'),
      );
      expect(namesIt).toEqual(is);
    },
  );

  test("a rule never stands without peers, which would let everybody in", () => {
    const unread = { prometheus: { install: false }, grafana: { install: false }, jaeger: { install: false } };
    for (const { spec } of ofStages(argsOf({ addons: unread }))) {
      expect(JSON.stringify(spec)).not.toMatch(/"(?:from|to)":\[\]/);
      expect(spec).toMatchObject({ ingress: [{ from: expect.arrayContaining([expect.anything()]) }] });
    }
  });

  test.each([
    ["an existing Prometheus, wherever it runs", { existing: { url: "http://p.monitoring:9090" } }, true],
    ["the operator of one", { operator: { labels: { release: "stack" } } }, true],
    ["nobody", {}, false],
  ])("metrics are read by %s", (_, where, isRead) => {
    const addons = { prometheus: { install: false, ...where }, grafana: { install: false } };
    const { ingress } = named(ofStages(argsOf({ addons })), "asr-service");
    const anybody = { from: [{ namespaceSelector: {} }], ports: tcp(15020) };
    expect(ingress).toEqual([expect.anything(), ...(isRead ? [anybody] : [])]);
  });

  test("a collector that was there is reached on any port: that of its pods is its own affair", () => {
    const addons = { jaeger: { install: false, existing: { service: "otel.tracing.svc.cluster.local" } } };
    const { egress } = named(ofStages(argsOf({ addons })), "asr-service");
    expect(egress).toContainEqual({ to: [pods("tracing")] });
  });
});

describe("the rest of their namespace", () => {
  test("is closed where it is the mesh's own", () => {
    expect(otherwiseClosed(argsOf())).toEqual([
      { name: "default-deny", namespace: "linly", spec: { podSelector: {}, policyTypes } },
    ]);
  });

  test("is its owner's where it was there before", () => {
    expect(otherwiseClosed(argsOf({ namespaceExists: true }))).toEqual([]);
  });
});

test("the gateway: in from the world on its public ports, out to the entry", () => {
  const [policy, ...more] = gatewayPolicies(argsOf());
  expect(more).toEqual([]);
  expect(policy).toEqual({
    name: "istio-ingress",
    namespace: "istio-ingress",
    spec: {
      podSelector: { matchLabels: { istio: "ingress" } },
      policyTypes,
      ingress: [{ ports: tcp(80, 443, 15021) }, prometheus],
      egress: [
        ...needs,
        { to: [pods("linly", { app: "asr-service" })], ports: tcp(8000) },
        { to: [{ podSelector: {} }] },
      ],
    },
  });
});

test("where the mesh is watched: in from within, and with spans", () => {
  const [policy] = observabilityPolicies(argsOf());
  expect(policy?.spec).toEqual({
    podSelector: {},
    policyTypes: ["Ingress"],
    ingress: [
      { from: [{ podSelector: {} }] },
      { from: [pods("linly"), pods("istio-ingress", { istio: "ingress" })], ports: tcp(4317) },
    ],
  });
});

test("networkPolicies: false makes none", () => {
  const args = argsOf({ networkPolicies: false });
  const all = [ofStages, gatewayPolicies, otherwiseClosed, observabilityPolicies].flatMap((make) => make(args));
  expect(all).toEqual([]);
});
