import type { Engine } from "../engine.ts";

/**
 * Large language models behind OpenAI's API.
 *
 * Sources: vLLM's docs, deployment/docker.md (user 2000 with group 0, folders below /home/vllm, shared memory),
 * deployment/k8s.md (requests and limits of the 7B sample: 2 to 10 CPUs, 6 to 20 GB; 2Gi of shared memory) and
 * serve/instrumentator (`/health`, `/metrics`); llm-d's docs on readiness probes (`/v1/models` for being ready, `/health`
 * for being alive); vLLM pull requests 34730 and 36666 (`--shutdown-timeout`: without it SIGTERM aborts what is under way);
 * KServe pull request 5496 (15 s before SIGTERM). GPU memory: Qwen's speed benchmark, 7B in BF16, 16.99 GB. How long a
 * request and a start may take are this project's own bounds. The image needs a driver of release 580 or newer.
 */
export const vllm: Engine = {
  name: "vllm",
  image: "vllm/vllm-openai:v0.28.0@sha256:61fc8a896b0a4fbbbdc063bc4b0dbc25ce98e02b5050c24aeb7830ac02039b14",
  user: { uid: 2000, gid: 0 },
  port: 8000,
  protocol: "http",
  routes: [
    { method: "POST", path: "/v1/chat/completions", idempotent: false, purpose: "work", streams: true },
    { method: "POST", path: "/v1/completions", idempotent: false, purpose: "work", streams: true },
  ],
  showsPages: false,
  probes: { startup: "/v1/models", readiness: "/v1/models", liveness: "/health" },
  metrics: { path: "/metrics", port: 8000 },
  measuresRequests: false,
  webSockets: false,
  calls: false,
  startupSeconds: 900,
  longestRequestSeconds: 120,
  preStopSeconds: 15,
  shutdownOption: "--shutdown-timeout",
  gpuMemory: "17Gi",
  resources: { requests: { cpu: "2", memory: "8Gi" }, limits: { cpu: "10", memory: "22Gi" } },
  scratch: [
    { path: "/tmp", sizeLimit: "2Gi", medium: "disk" },
    { path: "/home/vllm", sizeLimit: "10Gi", medium: "disk" },
    { path: "/dev/shm", sizeLimit: "2Gi", medium: "memory" },
  ],
  env: {
    HOME: "/home/vllm",
    VLLM_NO_USAGE_STATS: "1",
    DO_NOT_TRACK: "1",
  },
  args: ["--port", "8000"],
  reserved: { env: [], args: ["--host", "--port", "--uds", "--shutdown-timeout"] },
  model: {
    path: "/models",
    layout: "one model as Hugging Face lays it out: `config.json`, `*.safetensors`, tokenizer",
    env: { HF_HUB_OFFLINE: "1", TRANSFORMERS_OFFLINE: "1" },
    args: ["/models", "--served-model-name", "model"],
  },
  egress: [],
};
