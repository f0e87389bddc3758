import { X509Certificate } from "node:crypto";
import { expect, vi } from "vitest";
import { changesOf } from "../../bench/kills/changes.ts";
import { failuresOf, visitsOf, type Result } from "../../cli/demo/load.ts";
import { eastWestName, eastWestNamespace } from "../../components/istio/values.ts";
import type { MeshConfig } from "../../config/schema.ts";
import type { Result as UpResult } from "../../engine/index.ts";
import { kubectl } from "./kubectl.ts";
import { applied } from "./lab.ts";
import { namespace, twoRegions, usersOf, Whereabouts, type Region, type RegionName } from "./regions.ts";
import { stackWith } from "./stack.ts";
import { secretPart, shakeHands } from "./tls.ts";

/** For what takes long on a busy machine. */
export const patient = { timeout: 240_000, interval: 500 };

type Regions = Readonly<Record<RegionName, Region>>;

export const stages = { asr: 8000, llm: 8002, tts: 8001, face: 8003 } as const;
export type StageOfTest = keyof typeof stages;

/** An `up` from nothing has made all that it has, and one more finds nothing to do. */
export async function expectSettled(first: UpResult, change?: (mesh: MeshConfig) => MeshConfig): Promise<void> {
  expect([...new Set(first.steps.map(({ outcome }) => outcome))].sort()).toEqual(["create", "register"]);
  const again = await applied(stackWith(twoRegions, change));
  expect(changesOf(again)).toEqual([]);
}

/** What failed, by whose call it was: a stage's that told of it, or else the gateway's. */
export function failuresByCaller(results: readonly Result[]): Map<string, string[]> {
  return Map.groupBy(failuresOf(results), (failure) => /"failedHop":\{"from":"(\w+)"/u.exec(failure)?.[1] ?? "gateway");
}

/** While no istiod runs in a region, users of both see nothing of it, each for `count` requests and more. */
export async function expectUnnoticedWithoutIstiod(
  { north, east }: Regions,
  count: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const traffic = [await usersOf(north), await usersOf(east)];
  await north.withoutIstiod(async () => {
    const begun = traffic.map(({ sent }) => sent);
    await meanwhile();
    await expect.poll(() => traffic.every(({ sent }, index) => sent > (begun[index] ?? 0) + count), patient).toBe(true);
  });
  const results = await Promise.all(traffic.map((users) => users.end()));
  expect(results.flatMap((each) => failuresOf(each))).toEqual([]);
}

/** Every pod of the stages has its sidecar, and that is ready. */
export async function expectSidecars(regions: readonly Region[]): Promise<void> {
  for (const { name, view } of regions) {
    const pods = await view.pods(namespace);
    expect(pods.length, name).toBeGreaterThanOrEqual(Object.keys(stages).length);
    for (const pod of pods) expect(pod.ready, `${name}/${pod.name}`).toContain("istio-proxy");
  }
}

/** The same, once what was changed before has come to all proxies. */
export function expectHomeAgain(regions: Regions, count: number): Promise<Record<RegionName, Result[]>> {
  return vi.waitFor(() => expectAtHome(regions, count), patient);
}

/** Users of each region are served there alone: at least 99 % of what each stage has worked on, and nobody is refused. */
export async function expectAtHome({ north, east }: Regions, count: number): Promise<Record<RegionName, Result[]>> {
  const [ofNorth = [], ofEast = []] = await expectEachAtHome([north, east], count);
  return { north: ofNorth, east: ofEast };
}

/** The same of any regions, in their order. */
export async function expectEachAtHome(regions: readonly Region[], count: number): Promise<Result[][]> {
  const whereabouts = new Whereabouts();
  await whereabouts.learn(...regions);
  const results = await Promise.all(regions.map((region) => region.sent(count)));
  for (const [index, { name }] of regions.entries()) {
    const own = results[index] ?? [];
    expect(failuresOf(own)).toEqual([]);
    for (const stage of Object.keys(stages)) {
      const counts = whereabouts.count(visitsOf(own, stage));
      expect(counts[name], `${stage} for users of ${name}: ${JSON.stringify(counts)}`).toBeGreaterThanOrEqual(
        0.99 * count,
      );
    }
  }
  return results;
}

/** One root for all, in both clusters. */
export async function expectOneRoot(regions: Regions): Promise<string> {
  const root = await secretPart(regions.north.kubeconfig, "istio-system", "mesh-root", "tls.crt");
  for (const { name, kubeconfig } of [regions.north, regions.east]) {
    const args = ["--namespace", namespace, "get", "configmap", "istio-ca-root-cert"];
    const told = await kubectl(kubeconfig, [...args, "--output", "jsonpath={.data.root-cert\\.pem}"]);
    expect(new X509Certificate(told).fingerprint256, name).toBe(new X509Certificate(root).fingerprint256);
  }
  return root;
}

/** What a region's gateway for other clusters leads to, as a sidecar elsewhere would ask for it. */
async function shakeHandsAcross(region: Region, root: string, host: string, port: number, subset: string) {
  const address = await region.view.loadBalancerAddress(eastWestNamespace, eastWestName);
  const servername = `outbound_.${port}_.${subset}_.${host}`;
  // Whose certificate it is, only the name in its URI tells: that of a host it has none.
  return shakeHands({ address, port: 15443, servername, ca: root, alpn: ["istio"] });
}

/** Serial number of the intermediate that vouches for a pod of `tts` in a region, which the root stands behind. */
export async function intermediateOf(region: Region, root: string): Promise<string> {
  const host = `tts-service.${namespace}.svc.cluster.local`;
  // A gateway that is new leads on once its proxy and its walls have been told to, which may be after `up` has ended.
  const { certificate, distrust } = await vi.waitFor(async () => {
    const shaken = await shakeHandsAcross(region, root, host, stages.tts, "v1");
    if ("refused" in shaken) throw new Error(`${host} of ${region.name} refused to shake hands: ${shaken.refused}`);
    return shaken;
  }, patient);
  expect(distrust ?? "").not.toMatch(/SELF_SIGNED|UNABLE_TO|signature/i);
  expect(certificate.subjectaltname).toBe(`URI:spiffe://cluster.local/ns/${namespace}/sa/tts-service`);
  return certificate.issuerCertificate.serialNumber;
}

/** Why such a gateway refuses whoever asks for a host by the name that sidecars would use; undefined where it leads on. */
async function refusalAcross(region: Region, root: string, host: string, port: number, subset = "") {
  const shaken = await shakeHandsAcross(region, root, host, port, subset);
  return "refused" in shaken ? shaken.refused : undefined;
}

/** Only what is called from the other region is let in. */
export async function expectNamedServicesOnly(regions: Regions, root: string): Promise<void> {
  for (const region of [regions.north, regions.east]) {
    const tts = `tts-service.${namespace}.svc.cluster.local`;
    const refusal = () => refusalAcross(region, root, tts, stages.tts, "v1");
    await expect.poll(refusal, { ...patient, message: region.name }).toBeUndefined();
    for (const [host, port] of hidden) {
      expect(await refusalAcross(region, root, host, port), `${host} of ${region.name}`).toBeDefined();
    }
  }
}

const hidden = [
  ["cert-manager.cert-manager.svc.cluster.local", 9402],
  ["istiod.istio-system.svc.cluster.local", 15012],
  ["kubernetes.default.svc.cluster.local", 443],
  ["kube-dns.kube-system.svc.cluster.local", 53],
] as const;
