import type { Registration } from "../program/registration.ts";
import type { Program } from "../program/run.ts";
import { startPack } from "./pack.ts";
import type { PolicyPack, RunningPack } from "./pack.ts";
import type { Violation } from "./violation.ts";

/** The packs of a run. */
export interface Packs {
  /** What the policies that look at one resource find; its provider has been shown before it. */
  resource(registration: Registration): Promise<Violation[]>;
  /** What all policies find, those of single resources and those of the stack. */
  everything(registrations: readonly Registration[]): Promise<Violation[]>;
}

export interface PacksArgs {
  readonly packs: readonly PolicyPack[];
  readonly program: Program;
  readonly dryRun: boolean;
  /** For whatever a pack prints. */
  readonly print: (line: string) => void;
}

/** Does work with packs that start beside it, and ends them. */
export async function withPacks<T>(args: PacksArgs, work: (packs: Packs) => Promise<T>): Promise<T> {
  const { packs, program, dryRun, print } = args;
  const starting = packs.map((pack) => startPack(pack, program, dryRun, print));
  const started = Promise.all(starting);
  // Whoever asks a pack hears of its failure; until then it must not count as unhandled.
  started.catch(() => undefined);
  const providers = new Map<string, Registration>();

  async function ask(question: (pack: RunningPack) => Promise<Violation[]>): Promise<Violation[]> {
    const answers = await Promise.all((await started).map(question));
    return answers.flat();
  }

  function resource(registration: Registration): Promise<Violation[]> {
    if (registration.type.startsWith("pulumi:providers:")) providers.set(registration.urn, registration);
    return ask((pack) => pack.analyze(registration, providers));
  }

  try {
    return await work({
      resource,
      async everything(registrations) {
        const alone = await Promise.all(registrations.map(resource));
        return [...alone.flat(), ...(await ask((pack) => pack.analyzeStack(registrations, providers)))];
      },
    });
  } finally {
    for (const outcome of await Promise.allSettled(starting)) {
      if (outcome.status === "fulfilled") outcome.value.stop();
    }
  }
}
