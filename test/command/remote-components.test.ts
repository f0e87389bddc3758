import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { EngineFaults, preview } from "../../engine/index.ts";
import type { Plan, Program } from "../../engine/index.ts";
import { withRemoteComponents } from "../../engine/program/remote-components.ts";
import type { Registration } from "../../engine/program/registration.ts";
import { secret } from "../../engine/program/values.ts";
import { stepTitled } from "../support/plan.ts";

const fixture = (how: string): Program => ({
  dir: join(new URL("fixtures/", import.meta.url).pathname, "remote"),
  project: "p",
  stack: "s",
  config: { "p:how": how },
});

async function faultsOf(how: string): Promise<string[]> {
  const outcome = await preview(fixture(how), () => {}).catch((error: unknown) => error);
  return outcome instanceof EngineFaults ? outcome.faults : [];
}

describe("cert-manager's remote component", () => {
  let plan: Plan;

  beforeAll(async () => {
    plan = await preview(fixture(""), () => {});
  });

  test("is a component with the Release that its provider would make", () => {
    expect(plan.steps.map(({ urn }) => urn)).toEqual(
      expect.arrayContaining([
        "urn:pulumi:s::p::kubernetes-cert-manager:index:CertManager::issuer",
        "urn:pulumi:s::p::kubernetes-cert-manager:index:CertManager$kubernetes:helm.sh/v3:Release::issuer-helm",
      ]),
    );
    const release = stepTitled(plan, "Release cert-manager/cert-manager");
    expect(release.cluster).toBe("main");
    expect(release.inputs).toEqual({
      name: "cert-manager",
      namespace: "cert-manager",
      version: "v1.21.2",
      chart: "cert-manager",
      repositoryOpts: { repo: "https://charts.jetstack.io" },
      // The component writes its arguments over the values, those that aren't given too: image is lost.
      values: {
        crds: { enabled: true, keep: true },
        imageRegistry: "registry.example.com",
        replicaCount: 2,
        webhook: { timeoutSeconds: 10 },
      },
    });
  });

  test("its status is known only once it is installed", () => {
    expect(stepTitled(plan, "ConfigMap cert-manager/after").inputs["data"]).toEqual({ version: "[unknown]" });
  });
});

test.concurrent.each([
  [
    "no-provider",
    "issuer (kubernetes-cert-manager:index:CertManager): has no provider; pass { providers: { kubernetes } } in its options",
  ],
  [
    "unknown",
    "issuer (kubernetes-cert-manager:index:CertManager): helmOptions.values must be plain; the component takes no outputs there",
  ],
  ["other", "other (other:index:Other): this type is not implemented"],
])("refused: %s", async (how, fault) => {
  expect(await faultsOf(how)).toEqual([fault]);
});

const options = {
  ...{ protect: false, retainOnDelete: false, secretOutputs: [], ignoreChanges: [], replaceOnChanges: [] },
  timeouts: { create: "", update: "", delete: "" },
};
const component: Registration = {
  ...{ urn: "urn:pulumi:s::p::kubernetes-cert-manager:index:CertManager::issuer", name: "issuer", parent: "" },
  ...{ type: "kubernetes-cert-manager:index:CertManager", custom: false, remote: true, provider: "", options },
  ...{ inputs: {}, providers: { kubernetes: "urn::id" }, needs: ["urn:of:namespace"] },
};

test("whoever needs the component needs its Release, which goes last", async () => {
  const seen: Registration[] = [];
  const actions = withRemoteComponents({
    async register(registration) {
      seen.push(registration);
      return { id: "", outputs: { ...registration.inputs, status: { version: "v1.21.2" } } };
    },
    read: async () => ({}),
  });
  const answer = await actions.register(component);
  expect(answer.outputs).toEqual({ status: { version: "v1.21.2" } });
  await actions.register({ ...component, remote: false, urn: "urn:of:after", needs: [component.urn, "urn:x"] });
  const release =
    "urn:pulumi:s::p::kubernetes-cert-manager:index:CertManager$kubernetes:helm.sh/v3:Release::issuer-helm";
  expect(seen.map(({ urn, needs }) => [urn, needs])).toEqual([
    [component.urn, ["urn:of:namespace"]],
    [release, ["urn:of:namespace"]],
    ["urn:of:after", [release, "urn:x"]],
  ]);
});

test("what a typed argument does not know is not passed on", async () => {
  const seen: Registration[] = [];
  const actions = withRemoteComponents({
    async register(registration) {
      seen.push(registration);
      return { id: "", outputs: {} };
    },
    read: async () => ({}),
  });
  await actions.register({
    ...component,
    inputs: {
      ...{ webhook: { timeoutSeconds: 5, networkPolicy: { enabled: true } }, nodeSelector: { disk: "ssd" } },
      ...{ image: { tag: secret("v1") }, affinity: { any: "thing" } },
    },
  });
  expect(seen.at(1)?.inputs["values"]).toEqual({
    ...{ webhook: { timeoutSeconds: 5 }, nodeSelector: {}, image: { tag: secret("v1") }, affinity: { any: "thing" } },
  });
});
