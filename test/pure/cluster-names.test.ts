import { expect, test } from "vitest";
import { clusterNamed, faultsOf, meshOf, simulated, versionNamed } from "../support/clusters.ts";

const primaries = [clusterNamed("prod"), clusterNamed("prod-eu")];
const remote = [clusterNamed("prod"), clusterNamed("prod-eu", { role: "remote" })];

/** A mesh of these clusters whose asr is given the secrets and calls the hosts. */
function having(clusters: object[], secrets: string[], egress: string[] = [], version = "v1") {
  const env = Object.fromEntries(secrets.map((secret, index) => [`KEY_${index}`, { secret }]));
  const topology = "role" in (clusters[1] ?? {}) ? "primary-remote" : "multi-primary";
  const asr = simulated("asr", { egress, versions: [versionNamed(version, 100, { env })] });
  return meshOf(
    { topology, clusters, ...(topology === "primary-remote" && { istio: { charts: { folder: "x" } } }) },
    { asr },
  );
}

test.each<[string, object[], string[], string[]]>([
  ["other names", primaries, ["key", "us-key"], ["api.example.com", "eu.example.com"]],
  [
    "other clusters",
    [clusterNamed("prod"), clusterNamed("eu")],
    ["key", "eu-key"],
    ["a.example.com", "eu-a.example.com"],
  ],
  ["hosts, which are the primary's alone", remote, [], ["a.example.com", "eu-a.example.com"]],
])("no fault: %s", (_, clusters, secrets, egress) => {
  expect(faultsOf(having(clusters, secrets, egress))).toEqual([]);
});

test.each<[string, ReturnType<typeof having>, string]>([
  [
    "secrets",
    having(primaries, ["key", "eu-key"]),
    'clusters[1].name: "prod-eu" with the secret "key" and "prod" with the secret "eu-key" both make prod-eu-key; rename one of them',
  ],
  [
    "secrets of a remote",
    having(remote, ["key", "eu-key"]),
    'clusters[1].name: "prod-eu" with the secret "key" and "prod" with the secret "eu-key" both make prod-eu-key; rename one of them',
  ],
  [
    "egress hosts",
    having(primaries, [], ["api.example.com", "eu-api.example.com"]),
    'clusters[1].name: "prod-eu" with the egress host "api.example.com" and "prod" with the egress host "eu-api.example.com" both make prod-eu-api.example.com; rename one of them',
  ],
  [
    "versions",
    having([clusterNamed("prod"), clusterNamed("prod-asr-service-b")], [], [], "b-llm-service-v1"),
    'clusters[1].name: "prod-asr-service-b" with the version "llm-service-v1" and "prod" with the version "asr-service-b-llm-service-v1" both make prod-asr-service-b-llm-service-v1; rename one of them',
  ],
])("%s that meet behind the names of two clusters", (_, mesh, fault) => {
  expect(faultsOf(mesh)).toEqual([fault]);
});
