import type { Stage } from "./stage.ts";

/**
 * Every stage a pipeline can be made of. A new stage is one entry here and one in a stack's `pipeline`.
 *
 * The servers of Linly-Talker stand in llm, tts, face and webui by default; upstream has no speech-to-text server, so asr
 * has one of OpenAI's API.
 */
export const catalogue = {
  asr: { name: "asr", pool: "cpu", gpus: 0, clientEnvPrefix: "ASR", engines: ["speaches"] },
  llm: { name: "llm", pool: "gpu", gpus: 1, clientEnvPrefix: "LLM", engines: ["linly-llm", "vllm"] },
  tts: { name: "tts", pool: "gpu", gpus: 1, clientEnvPrefix: "TTS", engines: ["linly-tts", "kokoro"] },
  face: { name: "face", pool: "gpu", gpus: 1, clientEnvPrefix: "TALKER", engines: ["linly-talker"] },
  webui: { name: "webui", pool: "cpu", gpus: 0, clientEnvPrefix: "WEBUI", engines: ["linly-webui"] },
  emotion: {
    name: "emotion",
    pool: "cpu",
    gpus: 0,
    clientEnvPrefix: "EMOTION",
    engines: ["text-embeddings-inference"],
  },
  pose: {
    name: "pose",
    pool: "cpu",
    gpus: 0,
    clientEnvPrefix: "POSE",
    engines: ["openvino-model-server", "openvino-model-server-grpc"],
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
