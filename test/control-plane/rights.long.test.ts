import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { helmPath } from "../../cli/helm.ts";
import { projectDir } from "../../cli/project.ts";
import { stacksOf } from "../../cli/stack-file.ts";
import { destroy, render, tally, type Program } from "../../engine/index.ts";
import { accessNamespace, identity, type Identity } from "../support/rbac-identities.ts";
import { kubectl } from "../support/kubectl.ts";
import { applied, startedLab } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { at } from "../support/plan.ts";
import { rightOf } from "../support/recording-proxy.ts";
import { allRights, answers, covers, matrixOf, rbacFile, rightsIn, rightsOf } from "../support/rights.ts";
import { rolesIn, tupleOf, type Right } from "../support/rights.ts";
import { planOf, stackWith } from "../support/stack.ts";

/** What a stack can ask for and none of these here does. */
const elsewhere = [
  // Of a host outside that a stage may call.
  "serviceentries",
  // Of a model's claim: whether it is bound before its first pod.
  "storageclasses",
];

const deployerFiles = ["deployer.yaml", "deployer-istio.yaml", "deployer-cert-manager.yaml", "deployer-engine.yaml"];

test.each([
  ["GET", "/api/v1/namespaces/kube-system", "get namespaces"],
  ["GET", "/api/v1/namespaces/linly/pods/a/log", "get pods/log"],
  ["GET", "/apis/apps/v1/deployments?watch=true", "watch deployments.apps"],
  ["POST", "/apis/batch/v1/namespaces/linly/jobs", "create jobs.batch"],
  ["PUT", "/api/v1/namespaces/linly/finalize", "update namespaces/finalize"],
  ["PATCH", "/apis/apps/v1/namespaces/linly/deployments/a/scale", "patch deployments.apps/scale"],
  ["DELETE", "/api/v1/namespaces/linly/pods", "deletecollection pods"],
  ["GET", "/apis/apps/v1", undefined],
  ["GET", "/openapi/v3", undefined],
])("%s %s takes the right to %s", (method, path, right) => {
  const taken = rightOf(method, path);
  expect(taken && tupleOf(taken)).toBe(right);
});

describeOnLab("the identities of docs/rbac", () => {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-rights-"));
  const identities: Partial<Record<string, Identity>> = {};
  let admin: string;
  /** What each run of the deployer came to. */
  const ends: Record<string, string> = {};

  function called(name: string): Identity {
    const found = identities[name];
    if (found === undefined) throw new Error(`there is no identity ${name}`);
    return found;
  }

  /** The stack `local`, reached by an identity's kubeconfig. */
  function programFor(name: string): Program {
    const { kubeconfig } = called(name);
    return stackWith("local", (mesh) => ({ ...mesh, clusters: mesh.clusters.map((one) => ({ ...one, kubeconfig })) }));
  }

  const apply = (file: string) => kubectl(admin, ["apply", "--filename", "-"], rbacFile(file));

  beforeAll(async () => {
    ({ kubeconfig: admin } = await startedLab());
    for (const file of ["access.yaml", ...deployerFiles, "previewer.yaml"]) await apply(file);
    for (const name of ["deployer", "previewer", "viewer"]) identities[name] = await identity(admin, name);

    const asDeployer = programFor("deployer");
    const inventory = ["--namespace", "kube-system", "get", "configmap", "--ignore-not-found", "--output", "name"];
    const isThere = (await kubectl(admin, [...inventory, "linly-mesh-local"])) !== "";
    if (!isThere) await applied(asDeployer);
    const gone = await destroy(asDeployer, { helm: () => helmPath(console.log) }, () => {});
    ends["destroy"] = tally(gone.steps);
    // Charts keep their definitions; without them this `up` is the first of a new cluster.
    const definitions = (await kubectl(admin, ["get", "customresourcedefinitions", "--output", "name"])).split("\n");
    const kept = definitions.filter((name) => /\.(istio|cert-manager)\.io$/.test(name));
    await kubectl(admin, ["delete", ...kept]);
    ends["up"] = tally((await applied(asDeployer)).steps);
    await apply("viewer.yaml");
  });

  afterAll(async () => {
    for (const one of Object.values(identities)) await one?.stop();
    for (const file of ["viewer.yaml", "previewer.yaml", ...deployerFiles.toReversed(), "access.yaml"]) {
      await kubectl(admin, ["delete", "--ignore-not-found", "--filename", "-"], rbacFile(file));
    }
    rmSync(dir, { recursive: true, force: true });
  });

  describe("the deployer", () => {
    test("brings the local stack up in a cluster without anything of it, and takes it away, never refused", () => {
      expect(ends).toEqual({
        destroy: expect.stringMatching(/^\d+ deleted$/),
        up: expect.stringMatching(/^\d+ created$/),
      });
      expect(called("deployer").proxy.refused).toEqual([]);
    });

    test("hands on what the charts' roles hold, and holds nothing for that beyond it", async () => {
      const into = join(dir, "rendered");
      const { files } = await render(await planOf(stackWith("local")), into, { helm: await helmPath(console.log) });
      const roles = files.flatMap((file) => rolesIn(readFileSync(join(into, file), "utf8")));
      const own = rightsIn("deployer.yaml");
      const handedOn = roles.flatMap(({ rules }) => rightsOf(rules)).filter((right) => !covers(own, right));
      expect(handedOn.length).toBeGreaterThan(100);
      const held = [...rightsIn("deployer-istio.yaml"), ...rightsIn("deployer-cert-manager.yaml")];
      expect(handedOn.filter((right) => !covers(held, right)).map(tupleOf)).toEqual([]);
      expect(held.filter((right) => !covers(handedOn, right)).map(tupleOf), "held for nobody").toEqual([]);
    });

    test("uses each right of its own: in this up and destroy, or for an object of another stack", async () => {
      const { used } = called("deployer").proxy;
      const plans = await Promise.all(stacksOf(projectDir).map((stack) => planOf(stackWith(stack))));
      const planned = new Set(
        plans.flatMap(({ steps }) => steps).map(({ inputs }) => `${String(at(inputs, "kind")).toLowerCase()}`),
      );
      const isPlanned = ({ resource }: Right) =>
        elsewhere.includes(resource) ||
        [...planned].some((kind) => [`${kind}s`, kind.replace(/y$/, "ies")].includes(resource));
      const isUsed = (right: Right) => used.has(tupleOf({ ...right, name: "" }));
      const unused = [...rightsIn("deployer.yaml"), ...rightsIn("deployer-engine.yaml")].filter((right) => {
        if (isUsed(right) || isPlanned(right)) return false;
        // What is there to be read can be waited for; what is made can be changed by the next version of a chart.
        const reads = ["get", "list", "watch"];
        if (reads.includes(right.verb)) return !reads.some((verb) => isUsed({ ...right, verb }));
        return right.verb !== "patch" || !isUsed({ ...right, verb: "create" });
      });
      expect(unused.map(tupleOf)).toEqual([]);
    });

    test("gives nobody what it does not hold: a role of all rights, the administrators' role", async () => {
      const { kubeconfig } = called("deployer");
      const create = (...args: string[]) => kubectl(kubeconfig, ["create", ...args, "--dry-run=server"]);
      const harmless = ["clusterrole", "linly-mesh-tried", "--verb=get", "--resource=pods"];
      expect(await create(...harmless)).toContain("created (server dry run)");
      await expect(create("clusterrole", "linly-mesh-tried", "--verb=*", "--resource=*.*")).rejects.toThrow(
        /is attempting to grant RBAC permissions not currently held/,
      );
      const subject = `--serviceaccount=${accessNamespace}:deployer`;
      const binding = ["clusterrolebinding", "linly-mesh-tried", subject];
      expect(await create(...binding, "--clusterrole=linly-mesh-previewer")).toContain("created (server dry run)");
      await expect(create(...binding, "--clusterrole=cluster-admin")).rejects.toThrow(
        /is attempting to grant RBAC permissions not currently held/,
      );
    });
  });

  describe("the previewer", () => {
    test("previews, for which no cluster is asked", async () => {
      const { proxy } = called("previewer");
      const plan = await planOf(programFor("previewer"));
      expect(plan.steps.length).toBe((await planOf(stackWith("local"))).steps.length);
      expect([...proxy.used]).toEqual([]);
    });

    test("reads each object of the stack; a change of one, and any Secret, is refused", async () => {
      const { kubeconfig } = called("previewer");
      const { steps } = await planOf(stackWith("local"));
      const objects = steps.filter(({ kind }) => kind === "object").map(({ inputs }) => inputs);
      expect(objects.length).toBeGreaterThan(40);
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
      const read = await kubectl(kubeconfig, ["get", "--output", "name", "--filename", "-"], list);
      expect(read.trim().split("\n").length).toBe(objects.length);
      const changing = ["apply", "--server-side", "--dry-run=server", "--filename", "-"];
      await expect(kubectl(kubeconfig, changing, JSON.stringify(objects[0]))).rejects.toThrow(/forbidden/);
      const record = "sh.helm.release.v1.istiod.v1";
      const secret = ["--namespace", "istio-system", "get", "secret", record];
      expect(await kubectl(admin, secret), "there is one").toContain(record);
      await expect(kubectl(kubeconfig, secret)).rejects.toThrow(/forbidden/);
    });
  });

  test("the viewer reads a stage's log, and may neither run a command in it nor read a Secret", async () => {
    const { kubeconfig } = called("viewer");
    const inNamespace = ["--namespace", "linly"];
    const stage = ["deployment/asr-service-v1", "--container", "asr"];
    await expect(kubectl(kubeconfig, [...inNamespace, "logs", ...stage, "--tail=1"])).resolves.toBeTypeOf("string");
    expect(await kubectl(kubeconfig, [...inNamespace, "get", "pods"])).toContain("asr-service-v1");
    const command = [...inNamespace, "exec", ...stage, "--", "node", "--version"];
    expect(await kubectl(admin, command), "the control").toMatch(/^v\d/);
    await expect(kubectl(kubeconfig, command)).rejects.toThrow(/cannot create resource "pods\/exec"/);
    await expect(kubectl(kubeconfig, [...inNamespace, "get", "secrets"])).rejects.toThrow(/forbidden/);
  });

  describe("the API server's word", () => {
    const ours = Object.fromEntries(
      ["deployer", "previewer", "viewer"].map((name) => [name, `${accessNamespace}:${name}`]),
    );
    const installed = {
      istiod: "istio-system:istiod",
      "CNI agent": "istio-cni:istio-cni",
      gateway: "istio-ingress:istio-ingress",
      "cert-manager": "cert-manager:cert-manager",
      "its cainjector": "cert-manager:cert-manager-cainjector",
      "its webhook": "cert-manager:cert-manager-webhook",
      Prometheus: "observability:prometheus",
      "a stage": "linly:asr-service",
    };

    test.each([
      ["Our identities", ours],
      ["Accounts that are installed", installed],
    ])("%s: each cell of the table in docs/rights.md", async (heading, accounts) => {
      const cells = matrixOf(heading, accounts);
      expect(new Set(cells.map(({ says }) => says))).toEqual(new Set(["yes", "no"]));
      const told = await answers(admin, cells);
      const asText = ({ account, namespace }: (typeof cells)[number], right: Right, answer: string | undefined) =>
        `${account} ${tupleOf(right)} ${namespace}: ${answer}`;
      expect(cells.map((cell, index) => asText(cell, cell, told[index]))).toEqual(
        cells.map((cell) => asText(cell, cell, cell.says)),
      );
    });

    const clusterWide = (...files: string[]) => new Set(files.flatMap(rightsIn).map(tupleOf));
    const listPods = new Set(["get", "list", "watch"].map((verb) => `${verb} pods`));

    test.each([
      ["the deployer", ours["deployer"], "linly", clusterWide(...deployerFiles.slice(0, 3))],
      ["the deployer", ours["deployer"], "kube-system", clusterWide(...deployerFiles)],
      ["the previewer", ours["previewer"], "linly", clusterWide("previewer.yaml")],
      ["the viewer", ours["viewer"], "observability", clusterWide("viewer.yaml")],
      ["the viewer", ours["viewer"], "kube-system", new Set<string>()],
      ["Prometheus", installed.Prometheus, "linly", listPods],
      ["Prometheus", installed.Prometheus, "kube-system", new Set<string>()],
      ["a stage", installed["a stage"], "linly", new Set<string>()],
    ])("%s (%s) may do in %s what its YAML says and nothing else", async (_who, account = "", namespace, expected) => {
      expect([...(await allRights(admin, account, namespace))].sort()).toEqual([...expected].sort());
    });

    test("the account by which another cluster's istiod would read this one is not there", async () => {
      const named = async (kind: string) => (await kubectl(admin, ["get", kind, "-A", "--output", "name"])).split("\n");
      const all = [...(await named("serviceaccounts")), ...(await named("clusterroles"))];
      expect(all.filter((name) => /istiod/.test(name))).not.toEqual([]);
      expect(all.filter((name) => /istio-reader|gateway-controller/.test(name))).toEqual([]);
    });
  });
});
