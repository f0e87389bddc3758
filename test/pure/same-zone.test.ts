import { describe, expect, test } from "vitest";
import { prefersSameZone } from "../../components/traffic/same-zone.ts";
import { trafficPolicyOf } from "../../components/traffic/traffic-policy.ts";
import { checkMesh } from "../../config/parse.ts";
import type { ServiceInput } from "../../config/schema/service.ts";
import { standing } from "../../services/standing.ts";
import { serviceOf } from "../support/service.ts";

const versions = (more: object) => ({ versions: [{ name: "v1", weight: 100, image: "x/stage:1", ...more }] });
const hash = { consistentHash: { header: "x-user" } };

test.each<[string, number, boolean, Partial<ServiceInput>, boolean]>([
  ["replicas on CPUs", 0, false, {}, true],
  ["replicas with a GPU, which must not idle", 1, false, {}, false],
  ["an autoscaler, which looks at the average of zones", 0, true, {}, false],
  ["a key that has a replica", 0, false, { loadBalancing: hash }, false],
  ["no breaker, which lets requests leave a zone", 0, false, { circuitBreaker: { enabled: false } }, false],
  ["the stack's word for it", 1, true, { preferSameZone: true, loadBalancing: hash }, true],
  ["the stack's word against it", 0, false, { preferSameZone: false }, false],
])("%s", (_, gpus, autoscaled, written, expected) => {
  expect(prefersSameZone({ gpus }, serviceOf(written), autoscaled)).toBe(expected);
});

describe("what a subset gets", () => {
  const policyOf = (written: Partial<ServiceInput>) => {
    const service = serviceOf(written);
    const [version] = service.versions;
    if (version === undefined) throw new Error("a service without a version");
    return trafficPolicyOf(standing("asr"), service, version);
  };

  test.each<[string, Partial<ServiceInput>, object | undefined]>([
    ["two replicas", versions({ replicas: 2 }), { enabled: true }],
    ["two replicas, anywhere", { ...versions({ replicas: 2 }), preferSameZone: false }, { enabled: false }],
    ["an autoscaler", versions({ autoscaling: { min: 2, max: 6, cpu: 70 } }), { enabled: false }],
    ["one replica, where there is nothing to prefer", {}, undefined],
  ])("%s", (_, written, expected) => {
    const { loadBalancer, outlierDetection } = policyOf(written);
    expect(loadBalancer?.localityLbSetting).toEqual(expected);
    // One without the other would be inert, or keep requests in a zone that has nobody left.
    expect(outlierDetection !== undefined).toBe(expected !== undefined);
  });
});

describe("in a stack file", () => {
  const mesh = (llm: object) => ({
    mode: "chain",
    pipeline: ["llm"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    services: { llm: { ...versions({ replicas: 2 }), ...llm } },
  });

  test.each([
    [{ preferSameZone: true, circuitBreaker: { enabled: false } }, ["services.llm.preferSameZone"]],
    [{ preferSameZone: true }, []],
    [{ preferSameZone: false, circuitBreaker: { enabled: false } }, []],
    [{ preferSameZone: "zone-a" }, ["services.llm.preferSameZone"]],
  ])("%j", (llm, paths) => {
    expect(checkMesh(mesh(llm)).faults.map(({ path }) => path)).toEqual(paths);
  });
});
