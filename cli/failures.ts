import { ConfigError } from "../config/faults.ts";
import { EngineError, EngineRefusal } from "../engine/errors.ts";
import { LabError, NoSuchHostError } from "../lab/errors.ts";
import { ToolError } from "../lab/tools/errors.ts";
import { UsageError } from "./lab-guard.ts";

/** 2 for what a user wrote, 1 for everything else. */
export function exitCodeOf(error: unknown): 1 | 2 {
  const isInput = [ConfigError, UsageError, EngineRefusal, NoSuchHostError].some((kind) => error instanceof kind);
  return isInput ? 2 : 1;
}

/** What a person reads of a failure: its message, and a stack trace only where it is a fault of this program. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const meantForReaders = [ConfigError, UsageError, EngineError, LabError, ToolError];
  const readable = meantForReaders.some((kind) => error instanceof kind);
  return readable ? error.message : (error.stack ?? error.message);
}
