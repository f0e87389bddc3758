import type { Engine } from "../engine.ts";

/**
 * What the servers of Linly-Talker have in common.
 *
 * Sources: Linly-Talker's api/tts_api.py, llm_api.py, talker_api.py and configs.py (ports, routes, files), README (GPU
 * memory of the models). They have no health route, answer nothing while they work, and write files of fixed names into
 * the folder that they start in. There is no published image of them but a workspace that runs as root: an image is the
 * stack's own to name. It starts them in `/work`, finds their code by PYTHONPATH, and loads its model at start-up. CPU,
 * memory, sizes, request length and start-up are this project's own bounds.
 */
const linlyTalker = {
  image: undefined,
  user: undefined,
  protocol: "http",
  showsPages: false,
  probes: {},
  metrics: undefined,
  measuresRequests: false,
  webSockets: false,
  calls: false,
  preStopSeconds: 10,
  scratch: [
    { path: "/tmp", sizeLimit: "1Gi", medium: "disk" },
    { path: "/work", sizeLimit: "5Gi", medium: "disk" },
  ],
  env: { HOME: "/tmp", PYTHONDONTWRITEBYTECODE: "1" },
  args: [],
  reserved: { env: [], args: [] },
  model: {
    path: "/work/checkpoints",
    layout: "the `checkpoints` folder of Linly-Talker",
    env: { HF_HUB_OFFLINE: "1", TRANSFORMERS_OFFLINE: "1" },
    args: [],
  },
  egress: [],
} as const satisfies Partial<Engine>;

/** Answers a question. GPU memory: Qwen-7B in BF16, 16.99 GB. */
export const linlyLlm: Engine = {
  ...linlyTalker,
  name: "linly-llm",
  port: 8002,
  routes: [
    { method: "POST", path: "/llm_response/", idempotent: false, purpose: "work", streams: false },
    { method: "POST", path: "/llm_change_model/", idempotent: false, purpose: "admin", streams: false },
  ],
  startupSeconds: 900,
  longestRequestSeconds: 120,
  gpuMemory: "17Gi",
  resources: { requests: { cpu: "4", memory: "24Gi" }, limits: { cpu: "8", memory: "32Gi" } },
};

/**
 * Speaks a text. Its voices of EdgeTTS come from the internet, which a stack has to allow; the others are local.
 * `/api/v1/models/upload` is not upstream's: it is guarded all the same, for images that add it.
 */
export const linlyTts: Engine = {
  ...linlyTalker,
  name: "linly-tts",
  port: 8001,
  routes: [
    { method: "POST", path: "/tts_response/", idempotent: false, purpose: "work", streams: false },
    { method: "POST", path: "/tts_change_model/", idempotent: false, purpose: "admin", streams: false },
    { method: "POST", path: "/api/v1/models/upload", idempotent: false, purpose: "admin", streams: false },
  ],
  startupSeconds: 600,
  longestRequestSeconds: 120,
  gpuMemory: undefined,
  resources: { requests: { cpu: "2", memory: "8Gi" }, limits: { cpu: "4", memory: "16Gi" } },
  // For the voices of EdgeTTS.
  egress: ["speech.platform.bing.com"],
};

/** Animates a face, one request at a time; SadTalker may take minutes. GPU memory: MuseTalk, 11 GB. */
export const linlyTalkerFace: Engine = {
  ...linlyTalker,
  name: "linly-talker",
  port: 8003,
  routes: [
    { method: "POST", path: "/talker_response/", idempotent: false, purpose: "work", streams: false },
    { method: "POST", path: "/talker_change_model/", idempotent: false, purpose: "admin", streams: false },
  ],
  startupSeconds: 900,
  longestRequestSeconds: 600,
  gpuMemory: "11Gi",
  resources: { requests: { cpu: "4", memory: "12Gi" }, limits: { cpu: "8", memory: "16Gi" } },
};

/**
 * The web page, a Gradio application. configs.py names port 7870 and the address 127.0.0.1: an image of it reads `PORT`,
 * and listens on every address.
 */
export const linlyWebui: Engine = {
  ...linlyTalker,
  name: "linly-webui",
  webSockets: true,
  calls: true,
  port: 7860,
  routes: [{ method: "GET", path: "/", idempotent: true, purpose: "work", streams: false }],
  showsPages: true,
  startupSeconds: 300,
  longestRequestSeconds: 600,
  gpuMemory: undefined,
  resources: { requests: { cpu: "1", memory: "2Gi" }, limits: { cpu: "2", memory: "4Gi" } },
  model: undefined,
};
