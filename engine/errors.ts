/** A fault a person is meant to read: what is wrong, with what, and what would be right. No stack is shown for it. */
export class EngineError extends Error {
  override name = "EngineError";
}

/** Several faults, reported together. */
export class EngineFaults extends EngineError {
  readonly faults: string[];

  constructor(faults: string[]) {
    super(faults.length === 1 ? faults[0] : `${faults.length} problems:\n${faults.map((f) => `  ${f}`).join("\n")}`);
    this.faults = faults;
  }
}

/** Something was asked that makes no sense for these clusters. Nothing was touched. */
export class EngineRefusal extends EngineFaults {}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What an error says, fault by fault. */
export function faultsOf(error: unknown): string[] {
  return error instanceof EngineFaults ? error.faults : [messageOf(error)];
}

/** Waits for all, however they end. Throws the faults of all that fail together. */
export async function allOrFaults<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(work);
  const reasons: unknown[] = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  // What is a fault of the engine itself keeps its stack.
  for (const reason of reasons) if (!(reason instanceof EngineError)) throw reason;
  if (reasons.length === 1) throw reasons[0];
  if (reasons.length > 1) throw new EngineFaults([...new Set(reasons.flatMap(faultsOf))]);
  return ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
}
