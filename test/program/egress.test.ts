import { expect, test } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { before, needsOf } from "../support/needs.ts";
import { at, manifests, stepTitled } from "../support/plan.ts";
import { planOf, stackWith, withService } from "../support/stack.ts";

const host = "voices.example.com";

/** tts, which has a shadow in prod, may call a host outside. */
function declared(mesh: MeshConfig): MeshConfig {
  return withService(mesh, "tts", (service) => ({ ...service, egress: [host] }));
}

test("a host outside is known to the namespace, and in scope for the stage that names it alone", async () => {
  const plan = await planOf(stackWith("prod", declared));
  expect(stepTitled(plan, `ServiceEntry linly/${host}`).inputs["spec"]).toEqual({
    hosts: [host],
    exportTo: ["."],
    location: "MESH_EXTERNAL",
    resolution: "DNS",
    ports: [{ number: 443, name: "tls", protocol: "TLS" }],
  });
  const inScope = manifests(plan, "Sidecar").filter((scope) =>
    JSON.stringify(at(scope, "spec", "egress")).includes(host),
  );
  expect(inScope.map((scope) => at(scope, "metadata", "name"))).toEqual(["tts-service-production"]);
});

test("no ServiceEntry is made by default", async () => {
  for (const stack of ["local", "prod"])
    expect(manifests(await planOf(stackWith(stack)), "ServiceEntry"), stack).toEqual([]);
});

test("no pod comes before the NetworkPolicies that it is to live under, and none of them closes before others open", async () => {
  const needs = await needsOf(stackWith("local", (mesh) => ({ ...mesh, networkPolicies: true })));
  const policy = (name: string) => `kubernetes:networking.k8s.io/v1:NetworkPolicy local-${name}`;
  const open = ["asr", "llm", "tts", "face"].map((stage) => policy(`linly-${stage}-service`));
  const closed = policy("linly-default-deny");
  expect(needs.get(closed)).toEqual(expect.arrayContaining(open));
  const versions = [...needs].filter(([name]) => /Deployment local-\w+-service-/.test(name));
  expect(versions.length).toBe(5);
  for (const [name] of versions) {
    const all = before(name, (one) => needs.get(one) ?? []);
    expect([...all], name).toEqual(expect.arrayContaining([...open, closed]));
  }
  const gateway = needs.get("kubernetes:helm.sh/v3:Release local-istio-ingress");
  expect(gateway).toContain(policy("istio-ingress-istio-ingress"));
  // The control: what needs no such rule does not wait for any.
  expect(needs.get("kubernetes:helm.sh/v3:Release local-istiod")?.join()).not.toContain("NetworkPolicy");
});

test("in a namespace that was there, only the stages are walled in", async () => {
  const names = manifests(await planOf(stackWith("prod", inOneCluster)), "NetworkPolicy").map(
    (policy) => `${String(at(policy, "metadata", "namespace"))}/${String(at(policy, "metadata", "name"))}`,
  );
  expect(names.sort()).toEqual([
    "istio-ingress/istio-ingress",
    ...["asr", "face", "llm", "tts"].map((stage) => `linly/${stage}-service`),
    "linly/tts-service-shadow",
    "linly/webui-service",
    "observability/observability",
  ]);
});
