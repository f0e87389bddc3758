import { beforeAll, describe, expect, test } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import type { Plan } from "../../engine/index.ts";
import { engines } from "../../services/engines/index.ts";
import { at, manifests, stepTitled } from "../support/plan.ts";
import { serviceOf } from "../support/service.ts";
import { planOf, stackWith } from "../support/stack.ts";

const simulator = "localhost/linly-mesh/simulator:lab";

/** A simulated service of one version. */
function simulated(version: Partial<ServiceConfig["versions"][number]> = {}): ServiceConfig {
  return serviceOf({
    engine: "simulator",
    versions: [{ name: "v1", weight: 100, image: simulator, ...version }],
  });
}

/** The local stack with two stages more, one of them scaled by load, and a model that the program keeps room for. */
function withMoreStages(mesh: MeshConfig): MeshConfig {
  return {
    ...mesh,
    pipeline: ["asr", "emotion", "llm", "tts", "face", "pose"],
    services: {
      ...mesh.services,
      emotion: { ...simulated({ autoscaling: { min: 2, max: 5, cpu: 60 } }), model: { size: "1Gi" } },
      pose: simulated({ replicas: 2 }),
    },
  };
}

let more: Plan;
let stacks: Map<string, Plan>;

beforeAll(async () => {
  const programs = { more: stackWith("local", withMoreStages), dev: stackWith("dev"), staging: stackWith("staging") };
  const plans = await Promise.all(
    Object.entries({ ...programs, prod: stackWith("prod", inOneCluster) }).map(
      async ([stack, program]): Promise<[string, Plan]> => [stack, await planOf(program)],
    ),
  );
  stacks = new Map(plans);
  more = stack("more");
});

function stack(name: string): Plan {
  const plan = stacks.get(name);
  if (plan === undefined) throw new Error(`no stack ${name}`);
  return plan;
}

function pod(plan: Plan, version: string) {
  return at(stepTitled(plan, `Deployment linly/${version}`).inputs, "spec", "template", "spec");
}

describe("stages that only the catalogue and the pipeline name", () => {
  test("have a Service, pods, a subset, a route and a Sidecar like every other", () => {
    for (const name of ["emotion-service", "pose-service"]) {
      for (const title of [
        `Service linly/${name}`,
        `ServiceAccount linly/${name}`,
        `VirtualService linly/${name}`,
        `Deployment linly/${name}-v1`,
        `DestinationRule linly/${name}-v1`,
        `Sidecar linly/${name}-v1`,
      ]) {
        expect(() => stepTitled(more, title)).not.toThrow();
      }
    }
  });

  test("are called in their places, by the route of the engine for which the simulator stands", () => {
    const hops = ["asr", "emotion", "face", "pose"].map((stage) => {
      const env = at(pod(more, `${stage}-service-v1`), "containers", 0, "env");
      return Array.isArray(env)
        ? at(
            env.find((variable) => at(variable, "name") === "NEXT_HOPS"),
            "value",
          )
        : undefined;
    });
    const host = (stage: string) => `http://${stage}-service.linly.svc.cluster.local`;
    expect(hops).toEqual([
      JSON.stringify([{ name: "emotion", url: `${host("emotion")}:8080/predict`, method: "POST" }]),
      JSON.stringify([{ name: "llm", url: `${host("llm")}:8002/llm_response/`, method: "POST" }]),
      JSON.stringify([{ name: "pose", url: `${host("pose")}:8000/v2/models/model/infer`, method: "POST" }]),
      "[]",
    ]);
  });

  test("the control: a stack whose pipeline does not name them has none of them", () => {
    expect(JSON.stringify(stack("prod").steps)).not.toMatch(/emotion|pose-service/);
  });
});

describe("a version that is scaled by load", () => {
  test("has an autoscaler, and a Deployment that does not say how many", () => {
    const deployment = stepTitled(more, "Deployment linly/emotion-service-v1").inputs;
    expect(at(deployment, "spec")).not.toHaveProperty("replicas");
    expect(at(stepTitled(more, "HorizontalPodAutoscaler linly/emotion-service-v1").inputs, "spec")).toMatchObject({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "emotion-service-v1" },
      minReplicas: 2,
      maxReplicas: 5,
    });
  });

  test("a fixed number stands in the Deployment, and nothing scales it", () => {
    const deployment = stepTitled(more, "Deployment linly/pose-service-v1").inputs;
    expect(at(deployment, "spec", "replicas")).toBe(2);
    expect(manifests(more, "HorizontalPodAutoscaler").length).toBe(1);
  });
});

test("versions of several replicas have a budget, single ones have none", () => {
  const budgets = manifests(more, "PodDisruptionBudget").map((budget) => at(budget, "metadata", "name"));
  expect(budgets).toEqual(["emotion-service-v1", "pose-service-v1"]);
  expect(manifests(stack("prod"), "PodDisruptionBudget").map((budget) => at(budget, "metadata", "name"))).toEqual([
    "asr-service-v1",
    "face-service-v1",
    "llm-service-v1-stable",
    "tts-service-production",
    "webui-service-v1",
  ]);
});

describe("a model", () => {
  const model = (plan: Plan, version: string) => {
    const volumes = at(pod(plan, version), "volumes");
    return Array.isArray(volumes) ? volumes.find((volume) => at(volume, "name") === "model") : undefined;
  };

  test("of a size has a claim of the program's, which its pods read", () => {
    expect(at(stepTitled(more, "PersistentVolumeClaim linly/emotion-service-model").inputs, "spec")).toEqual({
      accessModes: ["ReadWriteMany"],
      resources: { requests: { storage: "1Gi" } },
    });
    const claim = { claimName: "emotion-service-model", readOnly: true };
    expect(model(more, "emotion-service-v1")).toEqual({ name: "model", persistentVolumeClaim: claim });
    expect(at(pod(more, "emotion-service-v1"), "containers", 0, "volumeMounts")).toContainEqual({
      name: "model",
      mountPath: "/models",
      readOnly: true,
    });
  });

  test("of a version's own has a claim of that version's", () => {
    const claims = manifests(stack("staging"), "PersistentVolumeClaim").map((claim) => at(claim, "metadata", "name"));
    expect(claims).toEqual([
      "asr-service-model",
      "face-service-model",
      "llm-service-v1-stable-model",
      "llm-service-v2-experiment-model",
    ]);
  });

  test("that is there already or in an image needs none", () => {
    expect(manifests(stack("prod"), "PersistentVolumeClaim")).toEqual([]);
    expect(model(stack("prod"), "llm-service-v2-experiment")).toEqual({
      name: "model",
      persistentVolumeClaim: { claimName: "llm-next", readOnly: true },
    });
    expect(manifests(stack("dev"), "PersistentVolumeClaim")).toEqual([]);
    expect(model(stack("dev"), "llm-service-v1")).toEqual({
      name: "model",
      image: { reference: "registry.example.com/models/qwen2.5-1.5b-instruct:1", pullPolicy: "IfNotPresent" },
    });
  });
});

describe("the namespace of the stages", () => {
  const labels = { "istio-injection": "enabled", "pod-security.kubernetes.io/enforce": "restricted" };
  const titles = (plan: Plan) => plan.steps.map(({ title }) => title).filter((title) => / linly$/.test(title));

  test("that is there already, with claims in it, is only given its labels", () => {
    expect(titles(stack("prod"))).toEqual(["NamespacePatch linly"]);
    expect(at(stepTitled(stack("prod"), "NamespacePatch linly").inputs, "metadata")).toEqual({ name: "linly", labels });
  });

  test("is made where a stack says nothing of it", () => {
    expect(titles(stack("dev"))).toEqual(["Namespace linly"]);
    expect(at(stepTitled(stack("dev"), "Namespace linly").inputs, "metadata")).toEqual({ name: "linly", labels });
  });
});

describe("every stack", () => {
  test("names its images with their digest wherever an engine has one", () => {
    for (const [name, plan] of stacks) {
      const images = stageDeployments(plan).map((deployment) =>
        String(at(deployment, "spec", "template", "spec", "containers", 0, "image")),
      );
      const without = images.filter((image) => !image.includes("@sha256:"));
      expect(
        without.filter((image) => !/^(?:registry\.example\.com|localhost)\//.test(image)),
        name,
      ).toEqual([]);
    }
    const prod = manifests(stack("prod"), "Deployment").map((deployment) =>
      at(deployment, "spec", "template", "spec", "containers", 0, "image"),
    );
    expect(prod).toContain(engines.vllm.image);
  });

  test("gives each pod time to end, a limit for what it writes, and a spread over zones and nodes", () => {
    for (const plan of stacks.values()) {
      for (const deployment of stageDeployments(plan)) {
        const template = at(deployment, "spec", "template");
        const grace = at(template, "spec", "terminationGracePeriodSeconds");
        const wait = at(template, "spec", "containers", 0, "lifecycle", "preStop", "sleep", "seconds") ?? 0;
        expect(Number(grace)).toBeGreaterThan(Number(wait) + 20);
        const { proxyMetadata } = JSON.parse(String(at(template, "metadata", "annotations", "proxy.istio.io/config")));
        expect(Number.parseInt(proxyMetadata.MINIMUM_DRAIN_DURATION, 10)).toBeGreaterThanOrEqual(Number(wait));
        const volumes = at(template, "spec", "volumes");
        for (const volume of Array.isArray(volumes) ? volumes : []) {
          if (at(volume, "emptyDir") !== undefined) expect(at(volume, "emptyDir", "sizeLimit")).toMatch(/^\d+[GM]i$/);
        }
        expect(at(template, "spec", "topologySpreadConstraints", 1, "topologyKey")).toBe("kubernetes.io/hostname");
      }
    }
  });
});

test("a rollout that may wait for the GPU of others is given the time", () => {
  const deadline = (plan: Plan, name: string) =>
    at(stepTitled(plan, `Deployment linly/${name}`).inputs, "spec", "progressDeadlineSeconds");
  expect([deadline(stack("staging"), "tts-service-v1"), deadline(stack("prod"), "tts-service-production")]).toEqual([
    5250, 740,
  ]);
});

test("a GPU too few is named before anything is registered", async () => {
  const program = stackWith("prod", (mesh) => ({
    ...mesh,
    pools: { ...mesh.pools, gpu: { ...mesh.pools.gpu, nodes: 3 } },
  }));
  await expect(planOf(program)).rejects.toThrow(
    /pools\.gpu {2}in beijing: asked 9 GPUs \(llm v1-stable 2×1, llm v2-experiment 1×1, tts production 2×1, tts candidate-v2 1×1, face v1 2×1, while llm v2-experiment is replaced 1\), there 6 \(3 nodes × 2\)\n {2}pools\.gpu {2}in shanghai: asked 8 GPUs/,
  );
});

/** The Deployments of stages, without those of what runs beside the mesh. */
function stageDeployments(plan: Plan) {
  return manifests(plan, "Deployment").filter((deployment) => at(deployment, "metadata", "namespace") === "linly");
}
