import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Event, JsonObject } from "../../engine/index.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { startApiServer } from "../support/api-server.ts";
import type { Answer, ApiServer } from "../support/api-server.ts";
import { describeOnLab, testOnLab } from "../support/on-lab.ts";
import { at, isObject } from "../support/plan.ts";
import { leases, password, StackUnderTest } from "../support/stack-under-test.ts";

const here = new URL(".", import.meta.url).pathname;
let server: ApiServer;
let helm: string;

beforeAll(async () => {
  [{ helm }, server] = await Promise.all([ensureTools(() => {}, ["helm"]), startApiServer()]);
});

afterAll(() => server.stop());

async function stack(name: string): Promise<StackUnderTest> {
  const made = new StackUnderTest(name, server, helm);
  await made.makeNamespace();
  return made;
}

describeOnLab.concurrent("a stack", () => {
  test("from its first run to its last", async () => {
    const life = await stack("life");
    const wanted = { chain: ["a", "b", "c"], data: { x: "1" } };
    const first = await life.up(wanted);
    expect(first.end).toBe("3 created");
    expect(first.done).toEqual(["create ConfigMap life/a", "create ConfigMap life/b", "create ConfigMap life/c"]);
    expect(first.outputs).toEqual({ password: "[secret]" });

    const inventory = "/api/v1/namespaces/kube-system/configmaps/linly-mesh-life";
    const before = await server.request("GET", inventory);
    expect((await life.up(wanted)).end).toBe("3 unchanged");
    expect(await server.request("GET", inventory), "not even the inventory has changed").toEqual(before);

    const second = await life.up({ chain: ["a"], data: { x: "2" } });
    expect(second.end).toBe("1 updated, 2 deleted");
    expect(second.done, "last made, first deleted").toEqual([
      "update ConfigMap life/a",
      "delete ConfigMap life/c",
      "delete ConfigMap life/b",
    ]);

    const failed = await life.up({ chain: [], fails: true });
    expect(failed.end).toContain("the program failed after all");
    expect(await life.names("configmaps"), "a program that fails has nothing deleted").toEqual(["a"]);

    expect((await life.destroy()).end).toBe("1 deleted");
    expect(await life.names("configmaps")).toEqual([]);
    expect(await life.records()).toEqual([]);
  });

  const chain = ["k1", "k2", "k3", "k4"];
  // Each resource starts and is done: 12 events with the stack and the provider. A failing seed can be given again.
  const seed = Number(process.env["LINLY_MESH_SEED"] ?? Math.floor(Math.random() * 12));

  test(`killed at event ${seed} (LINLY_MESH_SEED) is completed by the next run, and nothing it made is forgotten`, async () => {
    const killed = await stack("killed");
    expect(await killed.killedAt(seed, { chain })).toBe("SIGKILL");
    // Another program: whatever the killed run made beyond it has to go.
    expect((await killed.up({ chain: ["k1", "k4"] })).end).toMatch(/^[^:]*(created|unchanged)/);
    expect(await killed.names("configmaps")).toEqual(["k1", "k4"]);
    await killed.destroy();
    expect(await killed.names("configmaps")).toEqual([]);
    expect(await killed.records()).toEqual([]);
  });

  test("interrupted finishes what it had begun, gives the lease back and says how to go on", async () => {
    const interrupted = await stack("interrupted");
    const controller = new AbortController();
    const stopAtFirst = (event: Event) => {
      if (event.type === "start" && event.step.title === "ConfigMap interrupted/k1") controller.abort();
    };
    const { end } = await interrupted.up({ chain }, stopAtFirst, { signal: controller.signal });
    expect(end).toContain("interrupted before the program had finished: what was made is recorded, run it again");
    expect(await interrupted.names("configmaps")).toEqual(["k1"]);
    expect(await interrupted.records(), "the inventory alone").toEqual(["linly-mesh-interrupted"]);
    expect((await interrupted.up({ chain })).end).toBe("3 created, 1 unchanged");
  });

  test("is held by one run at a time, until its lease expires", async () => {
    const leased = await stack("leased");
    const lease = (renewTime: string): JsonObject => ({
      metadata: { name: "linly-mesh-leased" },
      spec: { holderIdentity: "elsewhere.x.1/77/1/run", leaseDurationSeconds: 30, acquireTime: renewTime, renewTime },
    });
    await server.request("POST", leases, lease(new Date().toISOString().replace("Z", "000Z")));
    const { end } = await leased.up({ chain: ["a"] });
    expect(end).toMatch(/^another run of this stack is at work on cluster test: process 77 on elsewhere, since 20/);
    expect(await leased.names("configmaps")).toEqual([]);
    await server.request("PATCH", `${leases}/linly-mesh-leased`, lease("2020-01-01T00:00:00.000000Z"));
    expect((await leased.up({ chain: ["a"] })).end).toBe("1 created");
    expect(await leased.records(), "the inventory alone").toEqual(["linly-mesh-leased"]);
  });
});

testOnLab.concurrent(
  "a cluster that is refused for its version is not touched; the control: one that is not",
  async () => {
    const refused = await stack("refused");
    const told: string[] = [];
    const refusal = (version: string) => {
      told.push(version);
      return "is too old";
    };
    const { end } = await refused.up({ chain: ["a"] }, undefined, { refusal });
    expect(end).toBe("cluster test is too old; nothing was touched there");
    expect(told).toEqual([expect.stringMatching(/^v1\.\d+\.\d+/)]);
    expect([...(await refused.names("configmaps")), ...(await refused.records())]).toEqual([]);
    expect((await refused.up({ chain: ["a"] }, undefined, { refusal: () => undefined })).end).toBe("1 created");
  },
);

describeOnLab.concurrent("what is not the stack's", () => {
  test("is refused, taken over only where the provider says so, and left alone once it is another object", async () => {
    const owner = await stack("owner");
    await owner.request("POST", "/configmaps", { metadata: { name: "theirs" }, data: { x: "theirs" } });
    const refused = await owner.up({ chain: ["theirs"] });
    expect(refused.end).toMatch(
      /^ConfigMap owner\/theirs on cluster test exists already and is not this stack's, made by .*; delete it, take it/,
    );
    expect((await owner.up({ chain: ["theirs"], upsertExistingObjects: true })).end).toBe("1 updated");

    await owner.request("DELETE", "/configmaps/theirs");
    await owner.request("POST", "/configmaps", { metadata: { name: "theirs" }, data: { x: "new" } });
    const { end, said } = await owner.up({});
    expect(end).toBe("1 left in place");
    expect(said).toContain(
      "ConfigMap owner/theirs on cluster test is no longer the object that this stack made; it is left alone",
    );
    expect(await owner.names("configmaps")).toEqual(["theirs"]);
  });

  test("is refused where another stack made it", async () => {
    const [first, second] = [await stack("first"), new StackUnderTest("second", server, helm)];
    await first.up({ chain: ["shared"] });
    const { end } = await second.up({ chain: ["shared"], inNamespace: "first" });
    expect(end).toBe(
      "ConfigMap first/shared on cluster test belongs to another stack: ConfigMap kube-system/linly-mesh-first",
    );
  });

  test("stays when a Patch of it goes: only the Patch's fields are given back", async () => {
    const patch = await stack("patch");
    const label = async () => at(await patch.request("GET", ""), "metadata", "labels", "linly.test/patched");
    expect((await patch.up({ patch: true })).end).toBe("1 updated");
    expect(await label()).toBe("yes");
    expect((await patch.destroy()).end).toBe("1 released");
    expect(await label()).toBeUndefined();
  });
});

describeOnLab.concurrent("options and limits", () => {
  test("what may never change is replaced only where the program says so", async () => {
    const fixed = await stack("fixed");
    const wanted = (x: string) => ({ chain: ["fixed"], data: { x }, immutable: true });
    await fixed.up(wanted("1"));
    const refused = await fixed.up(wanted("2"));
    expect(refused.end).toMatch(
      /data: Forbidden: field is immutable .*; the object has to be replaced: name the property/,
    );
    const replaced = await fixed.up({ ...wanted("2"), options: { replaceOnChanges: ["data"] } });
    expect(replaced.end).toBe("1 replaced");
    expect(at(await fixed.request("GET", "/configmaps/fixed"), "data", "x")).toBe("2");
  });

  test("ignoreChanges keeps the live value, protect keeps the object, retainOnDelete only forgets it", async () => {
    const kept = await stack("kept");
    const chain = ["kept"];
    await kept.up({ chain, data: { x: "1" } });
    await kept.request("PATCH", "/configmaps/kept", { data: { x: "live" } });
    const options = { protect: true, ignoreChanges: ["data.x"] };
    await kept.up({ chain, data: { x: "2" }, options });
    expect(at(await kept.request("GET", "/configmaps/kept"), "data", "x")).toBe("live");
    expect((await kept.destroy()).end).toMatch(/^ConfigMap kept\/kept is protected: .*nothing was deleted$/);
    await kept.up({ chain, data: { x: "live" }, options: { retainOnDelete: true } });
    expect((await kept.destroy()).end).toBe("1 left in place");
    expect(await kept.names("configmaps")).toEqual(["kept"]);
  });

  test("a wait that ends says what was missing: pods of a Service or Deployment, finalizers of a namespace", async () => {
    const limits = await stack("limits");
    const service = await limits.up({ service: true, options: { customTimeouts: { create: "1s" } } });
    expect(service.end).toBe(
      "waited 1 s for Service limits/service to be ready on cluster test: no pod that it selects is ready",
    );
    await limits.request("POST", "/pods", {
      metadata: { name: "pod", labels: { app: "nobody" } },
      spec: { containers: [{ name: "main", image: "none" }] },
    });
    const waiting = { reason: "ImagePullBackOff", message: "there is no such image" };
    const main = { name: "main", image: "none", imageID: "", ready: false, restartCount: 0, state: { waiting } };
    await limits.request("PATCH", "/pods/pod/status", { status: { containerStatuses: [main] } });
    const deployment = await limits.up({ deployment: true, options: { customTimeouts: { create: "1s" } } });
    expect(deployment.end).toBe(
      "waited 1 s for Deployment limits/deployment to be ready on cluster test: not yet seen by its controller; " +
        "pod pod: container main: ImagePullBackOff: there is no such image",
    );
    await server.request("DELETE", "/apis/apps/v1/namespaces/limits/deployments/deployment");
    await limits.up({ namespace: "held", options: { customTimeouts: { delete: "1s" } } });
    expect((await limits.up({})).end).toMatch(
      /^waited 1 s for Namespace held to be gone on cluster test: its finalizers are not done: kubernetes/,
    );
    const { body } = await server.request("GET", "/api/v1/namespaces/held");
    const held = isObject(body) ? { ...body, spec: { finalizers: [] } } : {};
    await server.request("PUT", "/api/v1/namespaces/held/finalize", held);
    expect((await limits.up({})).end).toBe("1 deleted");
  });
});

describeOnLab.concurrent("pulumi.com/waitFor", () => {
  const scaler = (expression: string, more: Record<string, string> = {}): JsonObject => ({
    custom: {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "x" }, maxReplicas: 2 },
      annotations: { "pulumi.com/waitFor": expression, ...more },
    },
  });
  const path = (namespace: string) =>
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/custom/status`;
  const statusOf = (status: string, desiredReplicas: number): JsonObject => {
    const condition = { type: "AbleToScale", status, reason: "Because", message: "of it" };
    return { status: { desiredReplicas, conditions: [condition] } };
  };

  test("goes on until all that it names is so, and tells why it waits; what needs the object comes after", async () => {
    const waits = await stack("waits");
    const set = (status: JsonObject) => server.request("PATCH", path("waits"), status);
    const reasons: string[] = [];
    const answers: Promise<Answer>[] = [];
    // What the controller would do next, once the engine has said what it waits for.
    const next: Record<string, JsonObject> = {
      "it has no condition AbleToScale yet": statusOf("False", 1),
      "its condition AbleToScale is False, not True: Because: of it": statusOf("True", 1),
      "{.status.desiredReplicas} is 1, not 2": statusOf("True", 2),
    };
    const expression = JSON.stringify(["condition=AbleToScale", "jsonpath={.status.desiredReplicas}=2"]);
    const wanted = { ...scaler(expression), chain: ["after"] };
    const { end, done } = await waits.up(wanted, (event) => {
      if (event.type !== "waiting") return;
      reasons.push(event.reason);
      const status = next[event.reason];
      if (status !== undefined) answers.push(set(status));
    });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(end).toBe("2 created");
    expect(reasons).toEqual(Object.keys(next));
    expect(done).toEqual(["create HorizontalPodAutoscaler waits/custom", "create ConfigMap waits/after"]);
    expect((await waits.up(wanted)).end, "what is so already is not waited for").toBe("2 unchanged");
  });

  test("ends with the resource's own timeout, before that of the annotation; skipAwait leaves it out", async () => {
    const bounds = await stack("bounds");
    const never = scaler("condition=AbleToScale", { "pulumi.com/timeoutSeconds": "600" });
    const { end } = await bounds.up({ ...never, options: { customTimeouts: { create: "1s" } } });
    expect(end).toBe(
      "waited 1 s for HorizontalPodAutoscaler bounds/custom to be ready on cluster test: " +
        "it has no condition AbleToScale yet",
    );
    expect((await bounds.up(scaler("condition=AbleToScale", { "pulumi.com/skipAwait": "true" }))).end).toBe(
      "1 updated",
    );
  });
});

testOnLab.concurrent("a model's claim is not waited for, and keeps the class that it was made with", async () => {
  const models = await stack("models");
  const model = (storageClass: string) => ({ model: { size: "1Gi", storageClass } });
  expect((await models.up(model("slow"))).end).toBe("1 created");
  expect((await models.up(model("fast"))).end).toMatch(/^1 (unchanged|updated)$/);
  const live = await server.request("GET", "/api/v1/namespaces/models/persistentvolumeclaims/stage-model");
  expect(at(live.body, "spec", "storageClassName")).toBe("slow");
});

testOnLab.concurrent("a secret reaches the cluster and nobody's eyes", async () => {
  const secret = await stack("secret");
  const { end, events, said } = await secret.up({ secret: true });
  expect(end).toBe("1 created");
  const encoded = Buffer.from(password).toString("base64");
  expect(at(await secret.request("GET", "/secrets/secret"), "data", "password")).toBe(encoded);
  expect(said).toContain("held in the cluster: [secret]");
  expect(JSON.stringify(events)).not.toContain(password);
  expect(JSON.stringify(events)).not.toContain(encoded);
  expect((await secret.up({ secret: true })).end).toBe("1 unchanged");
});

testOnLab.concurrent("a remote component is the Release in it: made before what needs it, gone after it", async () => {
  const remote = await stack("remote");
  const wanted = { component: { chart: join(here, "fixtures/chart") } };
  const first = await remote.up(wanted);
  expect(first.end).toBe("2 created");
  expect(first.done).toEqual(["create Release remote/release", "create ConfigMap remote/after"]);
  expect(await remote.names("configmaps")).toEqual(["after", "greeting"]);
  expect(at(await remote.request("GET", "/configmaps/after"), "data", "version")).toBe("1.2.3");
  expect((await remote.up(wanted)).end).toBe("2 unchanged");
  const last = await remote.destroy();
  expect(last.done).toEqual(["delete ConfigMap remote/after", "delete Release remote/release"]);
  expect([...(await remote.names("configmaps")), ...(await remote.records())]).toEqual([]);
});

testOnLab.concurrent(
  "a Release goes through helm: installed, left alone, freed after a kill, upgraded, uninstalled",
  async () => {
    const released = await stack("released");
    const chart = join(here, "fixtures/chart");
    const wanted = (greeting: string) => ({ release: { chart, values: { greeting } } });
    const greeting = async () => at(await released.request("GET", "/configmaps/greeting"), "data", "greeting");

    const first = await released.up(wanted("hello"));
    expect(first.end).toBe("1 created");
    expect(first.said).toContain("release: deployed 1.2.3 1");
    expect(JSON.stringify(first.events)).not.toContain(password);
    expect(await greeting()).toBe("hello");
    expect((await released.up(wanted("hello"))).end).toBe("1 unchanged");
    expect(await released.names("secrets")).toEqual(["sh.helm.release.v1.release.v1"]);

    // What a helm leaves that was killed in the middle of an upgrade.
    const record = await released.request("GET", "/secrets/sh.helm.release.v1.release.v1");
    const labels = { owner: "helm", name: "release", status: "pending-upgrade", version: "2" };
    const metadata = { name: "sh.helm.release.v1.release.v2", labels };
    const data = { release: unfinished(String(at(record, "data", "release"))) };
    await released.request("POST", "/secrets", { metadata, type: "helm.sh/release.v1", data });

    const upgraded = await released.up(wanted("bye"));
    expect(upgraded.end).toBe("1 updated");
    expect(upgraded.said, "rolled back, then upgraded").toContain("release: deployed 1.2.3 4");
    expect(await greeting()).toBe("bye");
    expect((await released.destroy()).end).toBe("1 deleted");
    expect([...(await released.names("configmaps")), ...(await released.names("secrets"))]).toEqual([]);
    expect(await released.records()).toEqual([]);
  },
);

testOnLab.concurrent("a gateway that gets no address is named, once its time is over", async () => {
  const unreachable = await stack("unreachable");
  const release = { chart: join(here, "fixtures/gateway-chart"), values: {}, timeout: 5 };
  const { end } = await unreachable.up({ release });
  expect(end).toMatch(/^Release unreachable\/release: .*; Service unreachable\/gateway: no address yet$/);
  expect((await unreachable.destroy()).end).toBe("1 deleted");
});

/** Helm's record of a deployed first revision as that of a second one that was never finished. */
function unfinished(data: string): string {
  const packed = Buffer.from(Buffer.from(data, "base64").toString(), "base64");
  const record = JSON.parse(gunzipSync(packed).toString());
  const changed = { ...record, version: 2, info: { ...record.info, status: "pending-upgrade" } };
  return Buffer.from(gzipSync(JSON.stringify(changed)).toString("base64")).toString("base64");
}
