import { describe, expect, test } from "vitest";
import { trafficPolicyOf } from "../../components/traffic/traffic-policy.ts";
import { checkMesh } from "../../config/parse.ts";
import type { ServiceInput } from "../../config/schema/service.ts";
import type { EngineName } from "../../services/engines/index.ts";
import type { StageName } from "../../services/catalogue.ts";
import { standing } from "../../services/standing.ts";
import { meshOf } from "../support/clusters.ts";
import { serviceOf } from "../support/service.ts";

test.each([
  ["pose", "openvino-model-server-grpc", true, ["services.pose.streams.webSockets"]],
  ["pose", "openvino-model-server-grpc", false, []],
  ["pose", "openvino-model-server", true, []],
])("WebSockets to %s by %s, %s: %j", (stage, engine, webSockets, expected) => {
  const version = { name: "v1", weight: 100, model: { claim: "models" } };
  const service = { engine, versions: [version], streams: { webSockets } };
  const { faults } = checkMesh(meshOf({ pipeline: [stage], services: { [stage]: service } }));
  expect(faults.map(({ path }) => path)).toEqual(expected);
});

describe("what sidecars speak to those of a stage", () => {
  test.each<[StageName, EngineName | undefined, Partial<ServiceInput>, "UPGRADE" | undefined]>([
    ["llm", "vllm", {}, "UPGRADE"],
    ["face", undefined, {}, "UPGRADE"],
    ["face", "simulator", {}, "UPGRADE"],
    ["asr", "speaches", {}, undefined], // takes WebSockets
    ["asr", "simulator", {}, undefined], // as what it stands for does
    ["webui", undefined, {}, undefined],
    ["llm", "vllm", { streams: { webSockets: true } }, undefined],
    ["asr", "speaches", { streams: { webSockets: false } }, "UPGRADE"],
    ["llm", "vllm", { appProtocol: "tcp" }, undefined], // nobody looks
    ["llm", "vllm", { circuitBreaker: { enabled: false } }, "UPGRADE"],
  ])("%s by %s, %j: %s", (stage, engine, written, expected) => {
    const service = serviceOf(written);
    const [version] = service.versions;
    if (version === undefined) throw new Error("a service without a version");
    const { connectionPool } = trafficPolicyOf(standing(stage, engine), service, version);
    expect(connectionPool?.http?.h2UpgradePolicy).toBe(expected);
  });
});
