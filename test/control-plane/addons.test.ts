import { afterAll, beforeAll, expect, test } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import type { Json, JsonObject, Plan } from "../../engine/index.ts";
import { startApiServer, type ApiServer } from "../support/api-server.ts";
import { at, isObject, manifests } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";

const namespace = "observability";
let server: ApiServer;
let plan: Plan;

beforeAll(async () => {
  const kept: object = { addons: { prometheus: { storage: "10Gi" } } };
  [server, plan] = await Promise.all([
    startApiServer(),
    planOf(stackWith("prod", (mesh) => ({ ...inOneCluster(mesh), ...kept }))),
  ]);
  for (const own of manifests(plan, "Namespace")) await server.request("POST", "/api/v1/namespaces", own);
  // No controller makes it here.
  const account = { metadata: { name: "default" } };
  await server.request("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
});

afterAll(() => server.stop());

/** What the API server answers to an object that it is to take: its status, and why it refuses. */
async function taken(folder: string, plural: string, object: JsonObject): Promise<Json> {
  const where = String(at(object, "metadata", "namespace"));
  const path = `${folder}/namespaces/${where}/${plural}?fieldValidation=Strict`;
  const { status, body } = await server.request("POST", path, object);
  return [201, 409].includes(status) ? status : (at(body, "message") ?? status);
}

test.each([
  ["ServiceAccount", "/api/v1", "serviceaccounts", 1],
  ["ConfigMap", "/api/v1", "configmaps", 2],
  ["PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims", 1],
  ["Service", "/api/v1", "services", 3],
  ["Deployment", "/apis/apps/v1", "deployments", 3],
])("every %s of observability is accepted, field by field", async (kind, folder, plural, count) => {
  const own = manifests(plan, kind).filter((object) => at(object, "metadata", "namespace") === namespace);
  expect(own.length).toBe(count);
  for (const object of own) expect(await taken(folder, plural, object)).toBe(201);
});

test.each([
  ["Role", "roles"],
  ["RoleBinding", "rolebindings"],
])("every %s is accepted", async (kind, plural) => {
  const all = manifests(plan, kind);
  expect(all.length).toBe(3);
  for (const object of all) expect(await taken("/apis/rbac.authorization.k8s.io/v1", plural, object)).toBe(201);
});

function podsOf(suffix: string, change: (spec: JsonObject) => JsonObject): JsonObject[] {
  return manifests(plan, "Deployment")
    .filter((deployment) => at(deployment, "metadata", "namespace") === namespace)
    .map((deployment) => {
      const spec = at(deployment, "spec", "template", "spec");
      const name = `${String(at(deployment, "metadata", "name"))}-${suffix}`;
      return { metadata: { name, namespace }, spec: isObject(spec) ? change(spec) : {} };
    });
}

test("Pod Security `restricted` lets each pod in; the control: not one that may be root", async () => {
  const pods = podsOf("as-it-is", (spec) => spec);
  expect(pods.length).toBe(3);
  for (const pod of pods) expect(await taken("/api/v1", "pods", pod)).toBe(201);
  for (const pod of podsOf("maybe-root", (spec) => ({ ...spec, securityContext: {} }))) {
    expect(await taken("/api/v1", "pods", pod)).toMatch(/violates PodSecurity "restricted/);
  }
});
