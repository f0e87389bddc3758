import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { valuesOf } from "../../components/istio/values.ts";
import { istiodGatewaySpec, istiodRouteSpec } from "../../components/multicluster/exposed-istiod.ts";
import { exposedSpec } from "../../components/multicluster/exposed-services.ts";
import { planMesh } from "../../components/multicluster/mesh-plan.ts";
import { readerRules } from "../../components/multicluster/reader-rights.ts";
import { kubeconfigFor } from "../../components/multicluster/remote-secret.ts";
import { requestSpec } from "../../components/security/intermediate.ts";
import { parseMesh } from "../../config/parse.ts";
import { hasPods } from "../../services/placement.ts";
import { liveVersions } from "../../services/shadow.ts";
import { clusterNamed, meshOf, simulated, versionNamed } from "../support/clusters.ts";
import { validMeshOfSeveral } from "../support/mesh-arbitrary.ts";

const selector = { istio: "eastwestgateway", "topology.istio.io/network": "n1" };

describe("what Istio is told of the ways between clusters", () => {
  test("istiod is let through unread, on the two ports that remotes ask", () => {
    const server = (name: string, number: number) => ({
      port: { name, number, protocol: "TLS" },
      tls: { mode: "PASSTHROUGH" },
      hosts: ["*"],
    });
    expect(istiodGatewaySpec("n1")).toEqual({
      selector,
      servers: [server("tls-istiod", 15012), server("tls-webhook", 15017)],
    });
    const route = (port: number, number: number) => ({
      match: [{ port, sniHosts: ["*"] }],
      route: [{ destination: { host: "istiod.istio-system.svc.cluster.local", port: { number } } }],
    });
    expect(istiodRouteSpec("istiod")).toEqual({
      hosts: ["*"],
      gateways: ["istiod"],
      tls: [route(15012, 15012), route(15017, 443)],
    });
  });

  test("services are let through by their names, and no other", () => {
    expect(exposedSpec("n1", ["a.linly.svc.cluster.local"])).toEqual({
      selector,
      servers: [
        {
          port: { name: "tls", number: 15443, protocol: "TLS" },
          tls: { mode: "AUTO_PASSTHROUGH" },
          hosts: ["a.linly.svc.cluster.local"],
        },
      ],
    });
  });
});

describe("who reads a cluster", () => {
  const asText = (role: "primary" | "remote") =>
    readerRules(role).map(
      ({ apiGroups, resources, resourceNames, verbs }) =>
        `${String(apiGroups)}: ${String(resources)}${resourceNames === undefined ? "" : ` (${String(resourceNames)})`} ${String(verbs)}`,
    );
  const watched = [
    ": pods,services,nodes,namespaces,secrets,configmaps get,list,watch",
    "discovery.k8s.io: endpointslices get,list,watch",
    "apiextensions.k8s.io: customresourcedefinitions get,list,watch",
    "networking.istio.io: workloadentries get,list,watch",
  ];

  test("another control plane sees what is there, and changes nothing", () => {
    expect(asText("primary")).toEqual(watched);
  });

  test("the one that serves a remote also tells its proxies apart, and keeps its root and its webhook", () => {
    expect(asText("remote")).toEqual([
      ...watched,
      "authentication.k8s.io: tokenreviews create",
      "authorization.k8s.io: subjectaccessreviews create",
      ": configmaps create,update",
      "admissionregistration.k8s.io: mutatingwebhookconfigurations get,list,watch",
      "admissionregistration.k8s.io: mutatingwebhookconfigurations (istio-sidecar-injector) update,patch",
    ]);
  });

  test("a kubeconfig holds a token, and no command that somebody would run", () => {
    expect(JSON.parse(kubeconfigFor("east", "https://10.0.0.1:6443", "Q0E=", "t0ken"))).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "east", cluster: { server: "https://10.0.0.1:6443", "certificate-authority-data": "Q0E=" } }],
      users: [{ name: "east", user: { token: "t0ken" } }],
      contexts: [{ name: "east", context: { cluster: "east", user: "east" } }],
      "current-context": "east",
    });
  });
});

/** Charts' values in one cluster of a mesh. */
function valuesIn(raw: Record<string, unknown>, name: string, part: "istiod" | "base" | "eastWestGateway" = "istiod") {
  const config = parseMesh(raw, "s");
  const site = planMesh(config).sites.find(({ plan }) => plan.cluster.name === name);
  if (site === undefined) throw new Error(`there is no cluster ${name}`);
  return valuesOf(part, { istio: config.istio, place: site.place }, site.plan.cluster);
}

const remotes = [clusterNamed("north"), clusterNamed("east", { role: "remote" })];
const host = (stage: string) => `${stage}-service.linly.svc.cluster.local`;

describe("Helm values by a cluster's place", () => {
  const remoteMesh = meshOf({ topology: "primary-remote", clusters: remotes });

  test("a remote has no istiod: its own way to its primary's, whatever the stack says of istiod", () => {
    const values = { istiod: { replicaCount: 3 } };
    const istio = { charts: { folder: "charts" }, ca: "certManager", values };
    expect(valuesIn({ ...remoteMesh, istio }, "east")).toEqual({
      profile: "remote",
      istiodRemote: { injectionPath: "/inject/cluster/east/net/east" },
      global: { enableReaderRBAC: false, multiCluster: { clusterName: "east" }, network: "east" },
    });
    expect(valuesIn({ ...remoteMesh, istio }, "north")).toMatchObject({ replicaCount: 3 });
  });

  test("a primary with remotes says so; its hosts are its own but for those that are shared", () => {
    expect(valuesIn(remoteMesh, "north")).toMatchObject({
      global: { externalIstiod: true, multiCluster: { clusterName: "north" }, network: "north" },
      meshConfig: {
        serviceSettings: [
          { settings: { clusterLocal: true }, hosts: ["*"] },
          { settings: { clusterLocal: false }, hosts: [host("asr"), host("llm")] },
        ],
      },
    });
  });

  test("one without any does not", () => {
    const { global } = valuesIn(meshOf(), "north");
    expect(global).not.toHaveProperty("externalIstiod");
  });

  test("where nothing is shared every host is the cluster's own", () => {
    const clusters = [clusterNamed("north"), clusterNamed("east", { drained: true })];
    const services = { asr: simulated("asr", { clusters: ["north"] }), llm: simulated("llm", { clusters: ["north"] }) };
    const raw = meshOf({ clusters, pipeline: ["asr", "llm"] }, services);
    // Users may enter in the east as well, so that the entry is shared; what it calls is not.
    expect(valuesIn(raw, "north")).toMatchObject({
      meshConfig: { serviceSettings: [expect.anything(), { hosts: [host("asr")] }] },
    });
  });

  test("the root's cluster has key and chain in one Secret, another one apart", () => {
    const required = { volumes: [{ name: "required-ca", secret: { secretName: "cacerts" } }] };
    expect(valuesIn(meshOf(), "north")).toMatchObject(required);
    expect(valuesIn(meshOf(), "east")).toMatchObject({
      env: { ROOT_CA_DIR: "/etc/mesh-ca" },
      volumes: [
        {
          name: "mesh-ca",
          projected: {
            sources: [
              { secret: { name: "mesh-ca-request", items: [{ key: "tls.key", path: "tls.key" }] } },
              { configMap: { name: "mesh-ca-chain" } },
            ],
          },
        },
      ],
      volumeMounts: [{ name: "mesh-ca", mountPath: "/etc/mesh-ca", readOnly: true }],
    });
    expect(valuesIn(meshOf(), "north")).not.toHaveProperty("env.ROOT_CA_DIR");
    const existing = { istio: { charts: { folder: "charts" }, ca: "existing" } };
    expect(valuesIn(meshOf(existing), "east")).toMatchObject(required);
  });

  test("one cluster alone is told nothing of others", () => {
    const clusters = [{ name: "c", network: "n", region: "r" }];
    const config = parseMesh(meshOf({ topology: "single", clusters }), "s");
    expect(planMesh(config).sites[0]?.place).toBeUndefined();
    // Alone, every host is its own: while its last neighbour leaves, rules that kept calls at home go before pods there do.
    expect(valuesIn(meshOf({ topology: "single", clusters }), "c")).toMatchObject({
      meshConfig: { serviceSettings: [{ settings: { clusterLocal: true }, hosts: ["*"] }] },
    });
  });

  test("the gateway between clusters has its network, and what its cluster says of its Service", () => {
    const eastWestGateway = { annotations: { "example.com/internal": "true" }, sourceRanges: ["10.0.0.0/8"] };
    const clusters = [clusterNamed("north", { eastWestGateway }), clusterNamed("east")];
    expect(valuesIn(meshOf({ clusters }), "north", "eastWestGateway")).toMatchObject({
      networkGateway: "north",
      service: { annotations: { "example.com/internal": "true" }, loadBalancerSourceRanges: ["10.0.0.0/8"] },
    });
    expect(valuesIn(meshOf({ clusters }), "east", "eastWestGateway")).toMatchObject({ service: {} });
  });
});

test("what an intermediate's key is made by is never renewed, and its key never changes", () => {
  expect(requestSpec("east", "mesh.example.com")).toMatchObject({
    secretName: "mesh-ca-request",
    issuerRef: { kind: "Issuer", name: "mesh-ca-request" },
    isCA: true,
    commonName: "east intermediate",
    subject: { organizations: ["mesh.example.com"] },
    privateKey: { rotationPolicy: "Never" },
  });
});

describe("a mesh, by its clusters", () => {
  const sites = (raw: Record<string, unknown>) => planMesh(parseMesh(raw, "s")).sites;

  test("GPUs in one region: what runs there is let in from the other, and the rest is not", () => {
    const raw = meshOf({}, { llm: simulated("llm", { clusters: ["east"] }) });
    expect(sites(raw).map(({ plan, exposedHosts }) => [plan.cluster.name, exposedHosts])).toEqual([
      ["north", [host("asr")]],
      ["east", [host("asr"), host("llm")]],
    ]);
  });

  test("to drain a cluster changes no rule, only what runs there", () => {
    const both = (drained: boolean) =>
      planMesh(parseMesh(meshOf({ clusters: [clusterNamed("north", { drained }), clusterNamed("east")] }), "s"));
    const [drained, usual] = [both(true), both(false)];
    expect(drained.sites.map(({ exposedHosts }) => exposedHosts)).toEqual(
      usual.sites.map(({ exposedHosts }) => exposedHosts),
    );
    expect(drained.placements).toEqual(usual.placements);
    const replicas = drained.sites.map(({ config }) =>
      config.services.asr?.versions.map((version) => version.replicas),
    );
    expect(replicas[0]).toEqual([0]);
    expect(replicas[1]).not.toEqual([0]);
  });

  test("on one network nothing is exposed", () => {
    const clusters = ["north", "east"].map((name, index) =>
      clusterNamed(name, { network: "n", podCidrs: [`10.${index}.0.0/16`] }),
    );
    expect(sites(meshOf({ clusters })).map(({ exposedHosts }) => exposedHosts)).toEqual([[], []]);
  });

  test("a service is planned in each with what is said of it there", () => {
    const versions = [
      versionNamed("v1", 100, { clusters: { north: { weight: 90 } } }),
      versionNamed("v2", 0, { clusters: { north: { weight: 10 }, east: { replicas: 0 } } }),
    ];
    const raw = meshOf({}, { llm: simulated("llm", { versions }) });
    const llm = sites(raw).map(({ config }) => config.services.llm?.versions.map((one) => [one.weight, one.replicas]));
    expect(llm).toEqual([
      [
        [90, undefined],
        [10, undefined],
      ],
      [
        [100, undefined],
        [0, 0],
      ],
    ]);
  });

  test.each([2, 5, 20, 50])("%i clusters: what each is given to do does not grow with their number", (count) => {
    const clusters = Array.from({ length: count }, (_, index) => clusterNamed(`c${index}`));
    const planned = sites(meshOf({ clusters }));
    expect(planned).toHaveLength(count);
    for (const { exposedHosts, place, crossing, pipeline } of planned) {
      expect([exposedHosts.length, place?.sharedHosts.length, pipeline.services.length]).toEqual([2, 2, 2]);
      expect(crossing).toEqual({ istiodElsewhere: false, exposesIstiod: false, gateway: true, podCidrs: [] });
    }
  });
});

test("whatever several clusters a stack file may name, each has its place", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(validMeshOfSeveral, (raw) => {
      const config = parseMesh(raw, "s");
      const { sites, placements, topology } = planMesh(config);
      seen.add(config.topology);
      expect(new Set(sites.map(({ plan }) => plan.cluster.name))).toEqual(
        new Set(config.clusters.map(({ name }) => name)),
      );
      expect(sites.filter(({ plan }) => plan.holdsRoot).map(({ plan }) => plan.role)).toEqual(["primary"]);
      expect(sites.flatMap(({ plan }) => plan.serves).sort()).toEqual(config.clusters.map(({ name }) => name).sort());
      for (const { plan, crossing, exposedHosts, config: own } of sites) {
        const primary = sites.find((site) => site.plan.cluster.name === plan.controlPlane)?.plan;
        expect(primary?.serves).toContain(plan.cluster.name);
        if (plan.role === "remote") expect(primary).toMatchObject({ exposesIstiod: true, eastWestGateway: true });
        // What is let in comes by a gateway, and other networks are reached by theirs.
        if (exposedHosts.length > 0) expect([crossing.gateway, plan.eastWestGateway]).toEqual([true, true]);
        expect(crossing.gateway).toBe(topology.multiNetwork);
        for (const service of Object.values(own.services)) {
          expect(liveVersions(service).reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
        }
        if (plan.cluster.drained) {
          expect(Object.values(own.services).flatMap(({ versions }) => versions.filter(hasPods))).toEqual([]);
        }
      }
      // Whoever is sent requests has pods somewhere.
      for (const services of placements.values()) {
        const sentTo = services.flatMap((service) => liveVersions(service).filter(({ weight }) => weight > 0));
        const running = new Set(services.flatMap(({ versions }) => versions.filter(hasPods).map(({ name }) => name)));
        expect(sentTo.filter(({ name }) => !running.has(name))).toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
  expect(seen).toEqual(new Set(["multi-primary", "primary-remote"]));
});
