import type { Engine } from "../engine.ts";
import { kokoro } from "./kokoro.ts";
import { linlyLlm, linlyTalkerFace, linlyTts, linlyWebui } from "./linly-talker.ts";
import { openvinoModelServer } from "./openvino-model-server.ts";
import { simulator } from "./simulated.ts";
import { speaches } from "./speaches.ts";
import { textEmbeddingsInference } from "./text-embeddings-inference.ts";
import { vllm } from "./vllm.ts";

/** Every program that can stand in a stage; a new one is a file beside this one and a line here. */
export const engines = {
  speaches,
  "linly-llm": linlyLlm,
  vllm,
  "linly-tts": linlyTts,
  kokoro,
  "linly-talker": linlyTalkerFace,
  "linly-webui": linlyWebui,
  "text-embeddings-inference": textEmbeddingsInference,
  "openvino-model-server": openvinoModelServer,
} as const satisfies Record<string, Engine>;

/** An engine that does the work itself. */
export type RealEngineName = keyof typeof engines;

/** What a stack file may name: an engine, or the simulator in its place. */
export type EngineName = RealEngineName | typeof simulator;

export function isEngineName(name: string): name is EngineName {
  return name === simulator || Object.hasOwn(engines, name);
}

export const engineNames: readonly EngineName[] = [...Object.keys(engines), simulator].filter(isEngineName);
