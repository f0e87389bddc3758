import type { Engine } from "../engine.ts";

/**
 * Classification of text, such as the emotion of a sentence, on CPUs.
 *
 * Sources: text-embeddings-inference at 1.9.3: README (variables, `/predict` with a classifier of emotions as its example),
 * router/src/http/server.rs (`/health`, `/metrics`), Dockerfile (port 80, which only root may open: hence 8080). The
 * image is for amd64 alone. CPU, memory, request length and start-up are this project's own bounds for a classifier of
 * about 500 MB.
 */
export const textEmbeddingsInference: Engine = {
  name: "text-embeddings-inference",
  image:
    "ghcr.io/huggingface/text-embeddings-inference:cpu-1.9.3@sha256:ad950d30878eceb72aaf32024d26fa2b1d04a75304fa0b4776b49aa1941fea07",
  user: { uid: 65532, gid: 65532 },
  port: 8080,
  protocol: "http",
  routes: [{ method: "POST", path: "/predict", idempotent: true, purpose: "work", streams: false }],
  showsPages: false,
  probes: { startup: "/health", readiness: "/health" },
  metrics: { path: "/metrics", port: 8080 },
  measuresRequests: false,
  webSockets: false,
  calls: false,
  startupSeconds: 120,
  longestRequestSeconds: 30,
  preStopSeconds: 10,
  gpuMemory: undefined,
  resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "2", memory: "2Gi" } },
  scratch: [{ path: "/tmp", sizeLimit: "1Gi", medium: "disk" }],
  env: {},
  // Kubernetes sets HOSTNAME to the pod's name, which the server would read as the address to listen on.
  args: ["--hostname", "0.0.0.0", "--port", "8080"],
  reserved: { env: ["HOSTNAME"], args: ["--hostname", "--port", "-p"] },
  model: {
    path: "/model",
    layout: "one classifier as Hugging Face lays it out: `config.json`, `model.safetensors` or ONNX, tokenizer",
    env: { MODEL_ID: "/model", HF_HUB_OFFLINE: "1" },
    args: [],
  },
  egress: [],
};
