import type { Engine } from "../engine.ts";
import { kokoro } from "./kokoro.ts";
import { linlyLlm, linlyTalkerFace, linlyTts, linlyWebui } from "./linly-talker.ts";
import { openvinoModelServer, openvinoModelServerGrpc } from "./openvino-model-server.ts";
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
  "openvino-model-server-grpc": openvinoModelServerGrpc,
} as const satisfies Record<string, Engine>;

/** An engine that does the work itself. */
export type RealEngineName = keyof typeof engines;

/** What a stack file may name: an engine, or the simulator in its place. */
export type EngineName = RealEngineName | typeof simulator;

export function isRealEngineName(name: string): name is RealEngineName {
  return Object.hasOwn(engines, name);
}

export function isEngineName(name: string): name is EngineName {
  return name === simulator || isRealEngineName(name);
}

export const realEngineNames: readonly RealEngineName[] = Object.keys(engines).filter(isRealEngineName);
export const engineNames: readonly EngineName[] = [...realEngineNames, simulator];
