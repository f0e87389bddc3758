import { stripVTControlCharacters } from "node:util";
import { EngineError, EngineFaults, faultsOf } from "../errors.ts";
import type { Handler, Read } from "./host.ts";
import type { JsonObject } from "../json.ts";
import { inItsOwnProcess, runProgram } from "./run.ts";
import type { Program, Runner } from "./run.ts";
import type { Redactor } from "./redactor.ts";
import { called } from "./registration.ts";
import type { Registration } from "./registration.ts";
import type { Reporter } from "../report.ts";
import { stackType } from "./urn.ts";
import { isSecret, maskedObject, secret } from "./values.ts";

/** What is done with the requests of a running program. */
export interface Actions {
  register(registration: Registration): Promise<{ id: string; outputs: JsonObject }>;
  read(read: Read): Promise<JsonObject>;
}

export interface Execution {
  readonly program: Program;
  readonly dryRun: boolean;
  readonly redactor: Redactor;
  readonly report: Reporter;
  /** Aborted to end the run early: nothing more is begun, what has begun is finished, then the program is ended. Its reason, if it is an EngineError, is told. */
  readonly signal: AbortSignal | undefined;
  readonly env: Record<string, string>;
  /** Default: in a process of its own. */
  readonly runner?: Runner | undefined;
}

const interrupted = "interrupted before the program had finished: what was made is recorded, run it again to go on";

/** A promise that never settles: whoever awaits it is ended with the program. */
const never = new Promise<never>(() => {});

/**
 * Runs the program with these actions and returns the stack's outputs, masked. Throws all that is wrong: in a dry run
 * every fault of every resource, otherwise the first failure and those of what was in flight beside it.
 */
export async function execute(execution: Execution, actions: Actions): Promise<JsonObject> {
  const { program, dryRun, redactor, report, signal, env, runner = inItsOwnProcess } = execution;
  const stop = new AbortController();
  const faults: string[] = [];
  let outputs: JsonObject = {};
  let inFlight = 0;
  let finished = false;
  let closing = false;

  const urns = new Set<string>();

  /** Refuses what the Pulumi CLI would: one URN for two resources. */
  function distinct(resource: { readonly urn: string; readonly type: string; readonly name: string }): void {
    const { urn } = resource;
    if (urns.has(urn)) {
      throw new EngineError(`${called(resource)}: duplicate resource URN ${urn}; give each of them a name of its own`);
    }
    urns.add(urn);
  }

  function close(): void {
    closing = true;
    if (inFlight === 0) stop.abort();
  }

  /** Runs one action; after the first failure of a real run nothing more is begun. */
  async function act<T extends object>(begin: () => Promise<T>, insteadInDryRun: (() => T) | undefined): Promise<T> {
    if (closing) return never;
    inFlight += 1;
    const result = await begin().catch((error: unknown) => {
      faults.push(...faultsOf(error).map((fault) => redactor.clean(fault)));
      if (insteadInDryRun !== undefined && dryRun) return insteadInDryRun();
      closing = true;
      return undefined;
    });
    inFlight -= 1;
    if (closing) close();
    return result ?? never;
  }

  const handler: Handler = {
    register(registration, unsupported) {
      redactor.learn(registration.inputs);
      return act(
        async () => {
          distinct(registration);
          if (unsupported.length > 0) {
            throw new EngineError(`${called(registration)}: option ${unsupported.join(", ")} is not implemented`);
          }
          const { id, outputs } = await actions.register(registration);
          const hidden = hide(outputs, registration.options.secretOutputs);
          redactor.learn(hidden);
          return { id, outputs: hidden };
        },
        () => ({ id: "", outputs: registration.inputs }),
      );
    },
    read: (read) =>
      act(
        async () => {
          distinct(read);
          return actions.read(read);
        },
        () => ({}),
      ),
    refuse: (reason) => act<never>(() => Promise.reject(new EngineError(reason)), undefined),
    outputs(urn, given) {
      redactor.learn(given);
      if (urn.split("::")[2] === stackType) outputs = maskedObject(given);
    },
    log(severity, text, urn) {
      if (severity === "error") faults.push(redactor.clean(plainError(text, program.dir)));
      else report({ type: "log", severity, text: redactor.clean(stripVTControlCharacters(text)), urn });
    },
    finished() {
      finished = true;
    },
  };

  for (const key of program.secretKeys ?? []) redactor.add(program.config[key] ?? "");
  signal?.addEventListener("abort", close);
  if (signal?.aborted) close();
  try {
    const print = (line: string) => report({ type: "log", severity: "info", text: redactor.clean(line), urn: "" });
    const code = await runProgram({ program, dryRun, stop: stop.signal, env, print }, handler, runner);
    if (signal?.aborted) faults.push(reasonOf(signal));
    if (faults.length === 0 && (code !== 0 || !finished)) {
      faults.push(`the program ended with exit code ${code ?? "none"} before it had finished`);
    }
  } finally {
    signal?.removeEventListener("abort", close);
  }
  if (faults.length > 0) throw new EngineFaults([...new Set(dryRun ? faults.sort() : faults)]);
  return outputs;
}

/** Who ends a run for a reason of its own says so with the signal. */
function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof EngineError ? reason.message : interrupted;
}

function hide(outputs: JsonObject, keys: readonly string[]): JsonObject {
  const hidden = { ...outputs };
  for (const key of keys) {
    const value = hidden[key];
    if (value !== undefined && !isSecret(value)) hidden[key] = secret(value);
  }
  return hidden;
}

/** The SDK's report of an exception without its frame: the message, where in the program it was thrown, and its causes. */
function plainError(text: string, dir: string): string {
  const lines = stripVTControlCharacters(text)
    .split("\n")
    .filter((line) => !/^Running program '.*' failed with an unhandled exception:$/.test(line));
  const isFrame = (line: string) => /^\s+at /.test(line);
  const firstFrame = lines.findIndex(isFrame);
  if (firstFrame < 0) return lines.join("\n").trim();
  const rest = lines.slice(firstFrame);
  const own = rest.filter((line) => isFrame(line) && line.includes(dir) && !line.includes("/node_modules/"));
  const causes = rest.filter((line) => line.trimStart().startsWith("[cause]:"));
  return [...lines.slice(0, firstFrame), ...own.slice(0, 1), ...causes].join("\n").trim();
}
