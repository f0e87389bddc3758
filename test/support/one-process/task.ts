/** A program that a process which stays is told to run. It answers with any message once the program has run to its end. */
export type Task = {
  readonly dir: string;
  /** The program's entry point, as a URL. */
  readonly entry: string;
  readonly project: string;
  readonly stack: string;
  readonly config: Record<string, string>;
  readonly secretKeys: string[];
  /** Where the engine listens. */
  readonly address: string;
};
