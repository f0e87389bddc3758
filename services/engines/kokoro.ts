import type { Engine } from "../engine.ts";

/**
 * Text to speech by Kokoro-82M behind OpenAI's API; model and voices are in the image.
 *
 * Sources: Kokoro-FastAPI at 0.8 and 0.9: docker/gpu/Dockerfile.optimized (user 1001, model in the image),
 * docker/scripts/download_model.py (`DOWNLOAD_MODEL`), services/temp_manager.py (the folder for temporary files), README
 * (GPU memory: 3.98 GB for a text of seven minutes). CPU, memory, request length and start-up are this project's own
 * bounds; the image is known to start within a minute.
 */
export const kokoro: Engine = {
  name: "kokoro",
  image:
    "ghcr.io/remsky/kokoro-fastapi-gpu:v0.9.0@sha256:9ba150465c6b8f5d6b1c62b54de83eb9aa0a1444aad8a1a9c8948eed60564b76",
  user: { uid: 1001, gid: 1001 },
  port: 8880,
  protocol: "http",
  routes: [{ method: "POST", path: "/v1/audio/speech", idempotent: false, purpose: "work", streams: true }],
  showsPages: false,
  probes: { startup: "/health", readiness: "/health" },
  metrics: undefined,
  measuresRequests: false,
  webSockets: false,
  calls: false,
  startupSeconds: 300,
  longestRequestSeconds: 120,
  preStopSeconds: 10,
  gpuMemory: "4Gi",
  resources: { requests: { cpu: "2", memory: "4Gi" }, limits: { cpu: "4", memory: "8Gi" } },
  scratch: [
    { path: "/tmp", sizeLimit: "2Gi", medium: "disk" },
    { path: "/app/api/temp_files", sizeLimit: "2Gi", medium: "disk" },
  ],
  env: {
    HOME: "/tmp",
    NUMBA_CACHE_DIR: "/tmp/numba",
    DOWNLOAD_MODEL: "false",
    HF_HUB_OFFLINE: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  },
  args: [],
  reserved: { env: ["HOST", "UVICORN_HOST", "UVICORN_PORT"], args: "all" },
  model: undefined,
  egress: [],
};
