import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stacksOf } from "../../cli/stack-file.ts";
import { projectDir } from "../../cli/project.ts";
import type { Json, JsonObject } from "../../engine/index.ts";
import { startApiServer, type Answer, type ApiServer } from "../support/api-server.ts";
import { at, isObject, manifests } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";
import { StackUnderTest } from "../support/stack-under-test.ts";

/** What the services of a stack are made of, and where the API server takes each kind. */
const kinds: Record<string, string> = {
  ServiceAccount: "/api/v1/namespaces/linly/serviceaccounts",
  Service: "/api/v1/namespaces/linly/services",
  PersistentVolumeClaim: "/api/v1/namespaces/linly/persistentvolumeclaims",
  Deployment: "/apis/apps/v1/namespaces/linly/deployments",
  PodDisruptionBudget: "/apis/policy/v1/namespaces/linly/poddisruptionbudgets",
  HorizontalPodAutoscaler: "/apis/autoscaling/v2/namespaces/linly/horizontalpodautoscalers",
};

let server: ApiServer;

async function stack(name: string): Promise<StackUnderTest> {
  const made = new StackUnderTest(name, server, "");
  await made.makeNamespace();
  return made;
}

beforeAll(async () => {
  server = await startApiServer();
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await server.request("POST", "/api/v1/namespaces", { metadata: { name: "linly", labels } });
});

afterAll(() => server.stop());

/** Asks the API server to take an object without keeping it; a field that it does not know is an error. */
function tried(path: string, object: JsonObject): Promise<Answer> {
  return server.request("POST", `${path}?dryRun=All&fieldValidation=Strict`, object);
}

/** The pod that a Deployment would start, as Pod Security judges it. */
function podOf(deployment: JsonObject): JsonObject {
  const spec = at(deployment, "spec", "template", "spec");
  if (!isObject(spec)) throw new Error("a Deployment without pods");
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "tried", namespace: "linly" }, spec };
}

const pods = "/api/v1/namespaces/linly/pods";

describe("the workloads of a stack", () => {
  test.each(stacksOf(projectDir))(
    "%s: the API server takes each object, and Pod Security restricted each pod",
    async (stack) => {
      const plan = await planOf(stackWith(stack));
      const objects = Object.entries(kinds).flatMap(([kind, path]) =>
        manifests(plan, kind)
          .filter((object) => at(object, "metadata", "namespace") === "linly")
          .map((object) => ({ object, path })),
      );
      expect(objects.length).toBeGreaterThan(10);
      for (const { object, path } of objects) expect(await tried(path, object)).toMatchObject({ status: 201 });
      for (const deployment of manifests(plan, "Deployment")) {
        expect(await tried(pods, podOf(deployment))).toMatchObject({ status: 201 });
      }
    },
  );

  test("the controls: an unknown field is refused, and so is a pod on the network of its node", async () => {
    const [deployment] = manifests(await planOf(stackWith("local")), "Deployment");
    if (deployment === undefined) throw new Error("no Deployment");
    expect(await tried(String(kinds["Deployment"]), { ...deployment, sepc: {} })).toMatchObject({ status: 400 });
    const pod = podOf(deployment);
    const { spec } = pod;
    const privileged = { ...pod, spec: { ...(isObject(spec) ? spec : {}), hostNetwork: true } };
    expect(await tried(pods, privileged)).toMatchObject({ status: 403 });
  });
});

/** A copy of a pod with the value at `path` replaced; undefined takes it away. */
function having(pod: JsonObject, path: readonly (string | number)[], value: Json | undefined): JsonObject {
  const copy = structuredClone(pod);
  const parent = at(copy, ...path.slice(0, -1));
  if (!isObject(parent)) throw new Error(`nothing at ${path.join(".")}`);
  const key = String(path.at(-1));
  if (value === undefined) delete parent[key];
  else parent[key] = value;
  return copy;
}

describe("what Pod Security refuses of a stage's pod that has one wish more", () => {
  const container = ["spec", "containers", 0, "securityContext"] as const;

  test.each<[string, readonly (string | number)[], Json | undefined, RegExp]>([
    ["to gain privileges", [...container, "allowPrivilegeEscalation"], true, /allowPrivilegeEscalation/],
    ["a capability", [...container, "capabilities", "add"], ["NET_ADMIN"], /capabilities/],
    ["the capabilities of a runtime's default", [...container, "capabilities"], undefined, /capabilities/],
    ["to be root", [...container, "runAsUser"], 0, /runAsUser/],
    ["to be anybody", ["spec", "securityContext", "runAsNonRoot"], undefined, /runAsNonRoot/],
    ["any call of the kernel", ["spec", "securityContext", "seccompProfile", "type"], "Unconfined", /seccomp/],
    ["calls of the kernel that nobody chose", ["spec", "securityContext", "seccompProfile"], undefined, /seccomp/],
    ["the node's network", ["spec", "hostNetwork"], true, /host namespaces/],
    ["the node's processes", ["spec", "hostPID"], true, /host namespaces/],
    ["a port of the node", ["spec", "containers", 0, "ports", 0, "hostPort"], 8000, /hostPort/],
    ["a folder of the node", ["spec", "volumes"], [{ name: "node", hostPath: { path: "/" } }], /volume/],
    [
      "the kernel's settings",
      ["spec", "securityContext", "sysctls"],
      [{ name: "kernel.msgmax", value: "1" }],
      /sysctl/,
    ],
  ])("%s", async (_, path, value, reason) => {
    const [deployment] = manifests(await planOf(stackWith("local")), "Deployment").filter(
      (one) => at(one, "metadata", "namespace") === "linly",
    );
    if (deployment === undefined) throw new Error("no Deployment");
    const unmounted = having(podOf(deployment), ["spec", "containers", 0, "volumeMounts"], []);
    const pod = having(having(unmounted, ["spec", "volumes"], []), [...container, "runAsNonRoot"], undefined);
    // The control: without the wish it is taken.
    expect(await tried(pods, pod)).toMatchObject({ status: 201 });
    const answer = await tried(pods, having(pod, path, value));
    expect(answer.status, JSON.stringify(answer.body)).toBe(403);
    expect(String(at(answer.body, "message"))).toMatch(/violates PodSecurity "restricted/);
    expect(String(at(answer.body, "message"))).toMatch(reason);
  });
});

describe("the number of a version's pods", () => {
  const autoscaling = { min: 2, max: 6, cpu: 70 };

  /** The path of the Deployment that a stack of this name has. */
  const path = (name: string) => `/apis/apps/v1/namespaces/${name}/deployments/scaled`;

  async function deployment(name: string) {
    return (await server.request("GET", path(name))).body;
  }

  async function replicas(name: string) {
    return at(await deployment(name), "spec", "replicas");
  }

  /** What an autoscaler does, under the name by which the API server remembers it. */
  async function scale(name: string, to: number): Promise<void> {
    const written = await server.request("PATCH", `${path(name)}/scale?fieldManager=kube-controller-manager`, {
      spec: { replicas: to },
    });
    expect(written.status).toBe(200);
  }

  /** Whether this manager has the field. */
  async function has(name: string, manager: string): Promise<boolean> {
    const fields = at(await deployment(name), "metadata", "managedFields");
    return Array.isArray(fields)
      ? fields.some(
          (one) => at(one, "manager") === manager && at(one, "fieldsV1", "f:spec", "f:replicas") !== undefined,
        )
      : false;
  }

  test("goes from the stack to an autoscaler without a pod less, and back", async () => {
    const name = "handed-over";
    const over = await stack(name);
    await over.up({ scaled: { replicas: 3 } });
    expect(await replicas(name)).toBe(3);

    expect((await over.up({ scaled: { autoscaling } })).end).toBe("1 updated");
    expect(await replicas(name)).toBe(3);
    await scale(name, 5);
    expect((await over.up({ scaled: { autoscaling } })).end).toBe("1 unchanged");
    expect(await replicas(name)).toBe(5);
    expect(await has(name, "linly-mesh")).toBe(false);

    expect((await over.up({ scaled: { replicas: 2 } })).end).toBe("1 updated");
    expect(await replicas(name)).toBe(2);
    expect(await has(name, "kube-controller-manager")).toBe(false);
  });

  test("the stack never has, where an autoscaler decides from the first", async () => {
    const name = "scaled-from-the-first";
    const scaled = await stack(name);
    await scaled.up({ scaled: { autoscaling } });
    await scale(name, 4);
    expect((await scaled.up({ scaled: { autoscaling } })).end).toBe("1 unchanged");
    expect([await replicas(name), await has(name, "linly-mesh")]).toEqual([4, false]);
  });

  test("the control: a field that an autoscaler has is a conflict, and one that only the stack had falls to one pod", async () => {
    const name = "dropped";
    await stack(name);
    const labels = { app: "scaled" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "none" }] } };
    const applied = (spec: JsonObject) =>
      server.apply(`${path(name)}?fieldManager=stack`, {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "scaled" },
        spec: { ...spec, selector: { matchLabels: labels }, template },
      });
    await applied({ replicas: 3 });
    await scale(name, 5);
    expect(await applied({ replicas: 2 })).toMatchObject({ status: 409 });
    await server.request("DELETE", path(name));
    await applied({ replicas: 3 });
    await applied({});
    expect(await replicas(name)).toBe(1);
  });
});

test("a model's claim stays when the stack no longer names it", async () => {
  const storageClass = { metadata: { name: "shared" }, provisioner: "none", volumeBindingMode: "WaitForFirstConsumer" };
  await server.request("POST", "/apis/storage.k8s.io/v1/storageclasses", storageClass);
  const models = await stack("models");
  expect((await models.up({ model: { size: "1Gi", storageClass: "shared" } })).end).toBe("1 created");
  expect((await models.up({})).end).toBe("1 left in place");
  expect(await models.names("persistentvolumeclaims")).toEqual(["stage-model"]);
  expect((await models.up({ patch: true })).end).toBe("1 updated");
  expect((await models.destroy()).end).toBe("1 released");
  expect(await models.names("persistentvolumeclaims"), "a namespace that is only patched outlives the stack").toEqual([
    "stage-model",
  ]);
});
