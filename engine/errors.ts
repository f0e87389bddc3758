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

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
