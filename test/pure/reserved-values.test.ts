import { describe, expect, test } from "vitest";
import { clusterNamed, faultsOf, meshOf } from "../support/clusters.ts";

const north = clusterNamed("north");
const remote = clusterNamed("east", { role: "remote" });

describe("ambient mode is refused", () => {
  const why = "switches ambient mode on: what this program says of requests is said to sidecars";

  test.each<[string, object]>([
    ["istiod.env.PILOT_ENABLE_AMBIENT", { istiod: { env: { PILOT_ENABLE_AMBIENT: "true" } } }],
    ["istiod.env.PILOT_ENABLE_AMBIENT", { istiod: { env: { PILOT_ENABLE_AMBIENT: true } } }],
    ["cni.ambient.enabled", { cni: { ambient: { enabled: true } } }],
    ["istiod.profile", { istiod: { profile: "ambient" } }],
    ["gateway.global.profile", { gateway: { global: { profile: "ambient" } } }],
  ])("%s", (path, values) => {
    const istio = { charts: { folder: "charts" }, ca: "certManager", values };
    expect(faultsOf(meshOf({ istio }))).toEqual([`istio.values.${path}: ${why}; remove it`]);
    const clusters = [north, remote];
    expect(faultsOf(meshOf({ istio, topology: "primary-remote", clusters }))).toEqual([
      `istio.values.${path}: ${why}, and with primary-remote ambient mode reaches no other network; remove it`,
    ]);
  });

  test.each<[string, string, object]>([
    ["istiod.pilot", "env.PILOT_ENABLE_AMBIENT", { istiod: { pilot: { env: { PILOT_ENABLE_AMBIENT: "true" } } } }],
    ["cni.cni", "ambient.enabled", { cni: { cni: { ambient: { enabled: true } } } }],
  ])("below %s, too", (detour, path, values) => {
    const istio = { charts: { folder: "charts" }, ca: "certManager", values };
    expect(faultsOf(meshOf({ istio }))).toEqual([
      `istio.values.${detour}: is not for the stack file to set: set the value itself`,
      `istio.values.${detour}.${path}: ${why}; remove it`,
    ]);
  });

  test("where it is switched off nothing is said", () => {
    const values = { istiod: { env: { PILOT_ENABLE_AMBIENT: "false" } }, cni: { ambient: { enabled: false } } };
    const istio = { charts: { folder: "charts" }, ca: "certManager", values };
    expect(faultsOf(meshOf({ istio }))).toEqual([]);
  });
});

describe("Helm values that would undo what the program builds on them", () => {
  test.each<[path: string, told?: string]>([
    ["istiod.profile"],
    ["base.global.profile"],
    ["istiod.global.externalIstiod"],
    ["istiod.global.remotePilotAddress"],
    ["istiod.global.multiCluster"],
    ["istiod.global.meshNetworks"],
    ["istiod.global.trustDomain"],
    ["istiod.meshConfig.serviceSettings"],
    ["istiod.meshConfig.trustDomainAliases"],
    ["istiod.meshConfig.localityLbSetting"],
    ["istiod.env.ROOT_CA_DIR"],
    ["istiod.env.EXTERNAL_ISTIOD"],
    ["istiod.env.PILOT_SKIP_VALIDATE_TRUST_DOMAIN"],
    ["istiod.istiodRemote"],
    ["istiod._internal_defaults_do_not_set"],
    ["istiod.pilot"],
    ["istiod.pilot.meshConfig.outboundTrafficPolicy", "istiod.pilot"],
    ["cni.cni"],
    ["gateway.networkGateway"],
    ["gateway.global.networkGateway"],
    ["eastWestGateway.name"],
    ["eastWestGateway.networkGateway"],
    ["eastWestGateway.labels.istio"],
    ["eastWestGateway.service.type"],
    ["eastWestGateway.global.kind"],
    ["eastWestGateway.serviceAccount.name"],
    ["eastWestGateway.kind"],
    // Walls that would be gone.
    ["istiod.meshConfig.rootNamespace"],
    ["istiod.meshConfig.enableAutoMtls"],
    ["istiod.meshConfig.ingressSelector"],
    ["istiod.meshConfig.ingressControllerMode"],
    ["istiod.global.proxy.includeInboundPorts"],
    ["istiod.global.proxy.excludeInboundPorts"],
    ["istiod.global.proxy.excludeOutboundPorts"],
    ["istiod.global.proxy.excludeIPRanges"],
  ])("%s", (path, told = path) => {
    const values = path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), "x");
    const istio = { charts: { folder: "charts" }, ca: "certManager", values };
    expect(faultsOf(meshOf({ istio }))).toEqual([
      expect.stringMatching(`^istio\\.values\\.${told.replaceAll(".", "\\.")}: is not for the stack file to set: `),
    ]);
  });

  test.each([["gateway"], ["eastWestGateway"], ["gateway.global"]])("how %s drains", (chart) => {
    const inner = { podAnnotations: { "proxy.istio.io/config": "{}", "example.com/team": "mesh" } };
    const values = chart.split(".").reduceRight<unknown>((within, key) => ({ [key]: within }), inner);
    const istio = { charts: { folder: "charts" }, ca: "certManager", values };
    expect(faultsOf(meshOf({ istio }))).toEqual([
      `istio.values.${chart}.podAnnotations: proxy.istio.io/config is not for the stack file to set: it would replace how the gateway drains`,
    ]);
  });
});
