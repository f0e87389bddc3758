import type { Reporter } from "../engine/index.ts";

/** A reporter that writes each event as one line of JSON. */
export function jsonReporter(write: (line: string) => void): Reporter {
  return (event) => write(JSON.stringify(event));
}
