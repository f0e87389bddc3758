/** One thing wrong with what a user wrote. */
export interface Fault {
  /** Where: `services.llm.versions[1].weight`; empty for the whole file. */
  readonly path: string;
  /** What was found, and what would be right. */
  readonly message: string;
}

/** Everything that is wrong with a stack file, for its author to read. */
export class ConfigError extends Error {
  readonly source: string;
  readonly faults: readonly Fault[];

  constructor(source: string, faults: readonly Fault[]) {
    super(describe(source, faults));
    this.name = "ConfigError";
    this.source = source;
    this.faults = faults;
  }
}

/** `["services", "llm", "versions", 1]` → `services.llm.versions[1]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

function describe(source: string, faults: readonly Fault[]): string {
  const width = Math.max(...faults.map(({ path }) => path.length));
  const lines = faults.map(({ path, message }) => `  ${width === 0 ? "" : `${path.padEnd(width)}  `}${message}`);
  return `${source} has ${faults.length} ${faults.length === 1 ? "problem" : "problems"}:\n${lines.join("\n")}`;
}
