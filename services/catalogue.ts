import type { Stage } from "./stage.ts";

/**
 * Every stage a pipeline can be made of. A new stage is one entry here and one in a stack's `pipeline`.
 *
 * Ports and paths of llm, tts and face are those of the Linly-Talker API servers (8002, 8001, 8003); upstream has no
 * speech-to-text server, so asr follows the OpenAI transcription API that speech servers commonly offer. GPU stages
 * load several gigabytes at start-up, hence the long startup limits.
 */
export const catalogue = {
  asr: {
    name: "asr",
    pool: "cpu",
    gpus: 0,
    port: 8000,
    protocol: "http",
    routes: [{ method: "POST", path: "/v1/audio/transcriptions", idempotent: true, purpose: "work" }],
    startupSeconds: 300,
    clientEnvPrefix: "ASR",
    resources: { requests: { cpu: "2", memory: "4Gi" }, limits: { cpu: "4", memory: "8Gi" } },
  },
  llm: {
    name: "llm",
    pool: "gpu",
    gpus: 1,
    port: 8002,
    protocol: "http",
    routes: [
      { method: "POST", path: "/llm_response/", idempotent: false, purpose: "work" },
      { method: "POST", path: "/llm_change_model/", idempotent: false, purpose: "admin" },
    ],
    startupSeconds: 900,
    clientEnvPrefix: "LLM",
    resources: { requests: { cpu: "4", memory: "24Gi" }, limits: { cpu: "8", memory: "32Gi" } },
  },
  tts: {
    name: "tts",
    pool: "gpu",
    gpus: 1,
    port: 8001,
    protocol: "http",
    routes: [
      { method: "POST", path: "/tts_response/", idempotent: false, purpose: "work" },
      { method: "POST", path: "/tts_change_model/", idempotent: false, purpose: "admin" },
      { method: "POST", path: "/api/v1/models/upload", idempotent: false, purpose: "admin" },
    ],
    startupSeconds: 600,
    clientEnvPrefix: "TTS",
    resources: { requests: { cpu: "2", memory: "8Gi" }, limits: { cpu: "4", memory: "16Gi" } },
  },
  face: {
    name: "face",
    pool: "gpu",
    gpus: 1,
    port: 8003,
    protocol: "http",
    routes: [
      { method: "POST", path: "/talker_response/", idempotent: false, purpose: "work" },
      { method: "POST", path: "/talker_change_model/", idempotent: false, purpose: "admin" },
    ],
    startupSeconds: 900,
    clientEnvPrefix: "TALKER",
    resources: { requests: { cpu: "4", memory: "12Gi" }, limits: { cpu: "8", memory: "16Gi" } },
  },
  webui: {
    name: "webui",
    pool: "cpu",
    gpus: 0,
    port: 7860,
    protocol: "http",
    routes: [{ method: "GET", path: "/", idempotent: true, purpose: "work" }],
    startupSeconds: 300,
    clientEnvPrefix: "WEBUI",
    resources: { requests: { cpu: "1", memory: "2Gi" }, limits: { cpu: "2", memory: "4Gi" } },
  },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof catalogue;

export function isStageName(name: string): name is StageName {
  return Object.hasOwn(catalogue, name);
}

export const stageNames: readonly StageName[] = Object.keys(catalogue).filter(isStageName);

export function stageOf(name: StageName): Stage {
  return catalogue[name];
}
