import type { Engine } from "../engine.ts";

/**
 * One ONNX or OpenVINO model on CPUs, such as an RTMPose that finds the pose of a person, by KServe's protocol of tensors.
 *
 * Sources: OpenVINO Model Server's docs: deploying_server_docker (arguments, any user), REST API of KServe (routes, health),
 * metrics (on the REST port). How fast: MMPose's RTMPose report, RTMPose-m at 90 pictures a second on a desktop CPU. CPU,
 * memory, request length and start-up are this project's own bounds.
 */
export const openvinoModelServer: Engine = {
  name: "openvino-model-server",
  image: "openvino/model_server:2026.1@sha256:22f92a1a5ad6784384e47296c43bde239887a623e75de45b0e1802659de416a6",
  user: { uid: 1000, gid: 1000 },
  port: 8000,
  protocol: "http",
  routes: [{ method: "POST", path: "/v2/models/model/infer", idempotent: true, purpose: "work", streams: false }],
  showsPages: false,
  probes: { startup: "/v2/health/ready", readiness: "/v2/health/ready", liveness: "/v2/health/live" },
  metrics: { path: "/metrics", port: 8000 },
  measuresRequests: false,
  webSockets: false,
  calls: false,
  startupSeconds: 120,
  longestRequestSeconds: 30,
  preStopSeconds: 10,
  gpuMemory: undefined,
  resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "4", memory: "2Gi" } },
  scratch: [{ path: "/tmp", sizeLimit: "1Gi", medium: "disk" }],
  env: {},
  args: ["--rest_port", "8000", "--port", "9000", "--metrics_enable"],
  reserved: {
    env: [],
    args: ["--rest_port", "--rest_bind_address", "--port", "--grpc_bind_address", "--model_name", "--model_path"],
  },
  model: {
    path: "/models",
    layout: "numbered versions of one model: `1/model.onnx`",
    env: {},
    args: ["--model_name", "model", "--model_path", "/models"],
  },
  egress: [],
};

/**
 * The same server asked by gRPC, which takes a picture's tensor as it is, where JSON has it as text.
 *
 * Sources: OpenVINO Model Server's docs: gRPC API of KServe (the method, which has one answer). Its health and metrics are asked
 * for on the REST port as before.
 */
export const openvinoModelServerGrpc: Engine = {
  ...openvinoModelServer,
  name: "openvino-model-server-grpc",
  port: 9000,
  protocol: "grpc",
  routes: [
    {
      method: "POST",
      path: "/inference.GRPCInferenceService/ModelInfer",
      idempotent: true,
      purpose: "work",
      streams: false,
    },
  ],
  probes: { ...openvinoModelServer.probes, port: 8000 },
};
