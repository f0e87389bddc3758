import { expect, test } from "vitest";
import type { MeshConfig } from "../../config/schema.ts";
import { at, stepTitled } from "../support/plan.ts";
import { planOf, stackWith, withService } from "../support/stack.ts";

function opaqueFace(mesh: MeshConfig): MeshConfig {
  return withService(mesh, "face", (service) => ({ ...service, appProtocol: "tcp" }));
}

test('a stage with appProtocol "tcp" has a port and a route of TCP, and its subset all the same', async () => {
  const plan = await planOf(stackWith("local", opaqueFace));
  expect(at(stepTitled(plan, "Service linly/face-service").inputs, "spec", "ports")).toEqual([
    { name: "tcp", port: 8003, targetPort: "http", appProtocol: "tcp" },
  ]);
  const host = "face-service.linly.svc.cluster.local";
  expect(stepTitled(plan, "VirtualService linly/face-service").inputs["spec"]).toEqual({
    hosts: [host],
    tcp: [{ route: [{ destination: { host, subset: "v1" }, weight: 100 }] }],
  });
  // The control: its caller's own route is of HTTP.
  expect(at(stepTitled(plan, "VirtualService linly/tts-service").inputs, "spec", "tcp")).toBeUndefined();
});
