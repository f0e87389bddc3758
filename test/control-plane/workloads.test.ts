import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stacksOf } from "../../cli/stack-file.ts";
import { projectDir } from "../../cli/project.ts";
import type { JsonObject } from "../../engine/index.ts";
import { startApiServer, type Answer, type ApiServer } from "../support/api-server.ts";
import { at, isObject, manifests } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";

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
