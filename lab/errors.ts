/** An error meant to be read by whoever runs the lab: it says what is wrong and what would help. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** A cluster or a host was named that the lab does not have. */
export class NoSuchHostError extends LabError {}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a system error (`ENOENT`, …). */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
