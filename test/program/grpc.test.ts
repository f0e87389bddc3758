import { expect, test } from "vitest";
import { engines } from "../../services/engines/index.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { at, stepTitled } from "../support/plan.ts";
import { serviceOf } from "../support/service.ts";
import { planOf, stackWith } from "../support/stack.ts";

const infer = "/inference.GRPCInferenceService/ModelInfer";

/** The local stack with pose behind the others, its model server asked by gRPC. */
function withPose(mesh: MeshConfig): MeshConfig {
  const { image } = engines["openvino-model-server"];
  const engine = "openvino-model-server-grpc";
  const pose = serviceOf({
    engine,
    model: { claim: "pose-model" },
    versions: [{ name: "v1", weight: 100, image }],
  });
  // A model server measures nothing by the names that the lab's alerts read.
  const { latency, errors } = mesh.telemetry.alerts;
  const alerts = { latency: { ...latency, enabled: false }, errors: { ...errors, enabled: false } };
  const telemetry = { ...mesh.telemetry, alerts };
  return { ...mesh, telemetry, pipeline: [...mesh.pipeline, "pose"], services: { ...mesh.services, pose } };
}

test("a stage that speaks gRPC: its port says so, its methods are its routes, its health is asked for elsewhere", async () => {
  const plan = await planOf(stackWith("local", withPose));
  expect(at(stepTitled(plan, "Service linly/pose-service").inputs, "spec", "ports")).toEqual([
    { name: "grpc", port: 9000, targetPort: "grpc", appProtocol: "grpc" },
  ]);
  const pod = stepTitled(plan, "Deployment linly/pose-service-v1").inputs;
  const probe = ["spec", "template", "spec", "containers", 0, "readinessProbe", "httpGet"] as const;
  expect(at(pod, ...probe)).toEqual({ path: "/v2/health/ready", port: 8000 });

  const routes = at(stepTitled(plan, "VirtualService linly/pose-service").inputs, "spec", "http");
  expect(Array.isArray(routes) ? routes.map((route) => at(route, "name")) : routes).toEqual([
    "by-weight-stream",
    "by-weight-idempotent",
    "by-weight",
  ]);
  expect(at(routes, 1, "match", 1)).toEqual({ method: { exact: "POST" }, uri: { exact: infer } });
  expect(at(routes, 1, "retries", "retryOn")).toBe("gateway-error,connect-failure,refused-stream,unavailable");
  expect(JSON.stringify(routes)).not.toContain("application/grpc");

  const allowed = stepTitled(plan, "AuthorizationPolicy linly/pose-service").inputs;
  expect(JSON.stringify(at(allowed, "spec", "rules"))).toContain(infer);

  // The control: of a stage that speaks HTTP a call of gRPC may be anything.
  const face = at(stepTitled(plan, "VirtualService linly/face-service").inputs, "spec", "http");
  expect(JSON.stringify(face)).toContain("application/grpc");
});
