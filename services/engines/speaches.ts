import type { Engine } from "../engine.ts";

/**
 * Speech to text by faster-whisper behind OpenAI's API, on CPUs.
 *
 * Sources: speaches at 0.9.0-rc.3: Dockerfile (user, port), src/speaches/config.py (variables), routers/stt.py and misc.py
 * (routes), hf_utils.py (offline models). Memory: faster-whisper issue 1030, 1.5 GB for large-v3-turbo in int8 on a CPU;
 * the request leaves room for uploads. Request length and start-up are this project's own bounds.
 *
 * Models are fetched, loaded and deleted at `/v1/models/<id>` and `/api/ps/<id>`, which are nobody's: what it serves lies in the
 * volume, and no route by name could be opened to one caller alone.
 *
 * `/health` answers 200 without any model, so a stack does well to name `/v1/models/<id>` as its `readinessPath`. The
 * user must be 1000: no other may enter the image's home folder.
 */
export const speaches: Engine = {
  name: "speaches",
  image:
    "ghcr.io/speaches-ai/speaches:0.9.0-rc.3-cpu@sha256:2163775b6df5e451a71200e8f675fed68dbd8ab184fc604453d549e486f22fd2",
  user: { uid: 1000, gid: 1000 },
  port: 8000,
  protocol: "http",
  routes: [
    { method: "POST", path: "/v1/audio/transcriptions", idempotent: true, purpose: "work", streams: true },
    { method: "POST", path: "/v1/audio/translations", idempotent: true, purpose: "work", streams: true },
  ],
  showsPages: false,
  probes: { startup: "/health", readiness: "/health" },
  metrics: undefined,
  measuresRequests: false,
  webSockets: true,
  calls: false,
  startupSeconds: 300,
  longestRequestSeconds: 120,
  preStopSeconds: 10,
  gpuMemory: undefined,
  resources: { requests: { cpu: "2", memory: "4Gi" }, limits: { cpu: "4", memory: "8Gi" } },
  scratch: [{ path: "/tmp", sizeLimit: "2Gi", medium: "disk" }],
  env: {
    UVICORN_PORT: "8000",
    ENABLE_UI: "false",
    LOG_LEVEL: "info",
    // A model that nobody asked for in five minutes would otherwise be unloaded, and the next request would wait for it.
    STT_MODEL_TTL: "-1",
    PYTHONDONTWRITEBYTECODE: "1",
  },
  args: [],
  reserved: { env: ["UVICORN_HOST", "UVICORN_PORT"], args: "all" },
  model: {
    path: "/models",
    layout: "a Hugging Face cache (`models--…/snapshots/…`), each snapshot with its README.md",
    env: { HF_HUB_CACHE: "/models", HF_HUB_OFFLINE: "1" },
    args: [],
  },
  egress: [],
};
