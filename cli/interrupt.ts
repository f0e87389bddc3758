/** Runs `work` with a signal that the first Ctrl-C or SIGTERM sets; a second one ends the process at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  return withSignals(
    (signal) => {
      if (controller.signal.aborted) process.exit(130);
      console.error(`${signal}: finishing what is under way; once more stops at once`);
      controller.abort();
    },
    () => work(controller.signal),
  );
}

/** Runs `work`; Ctrl-C or SIGTERM ends the process at once, with exit code 130 and a word on how to go on. */
export function endedBySignal<T>(howToGoOn: string, work: () => Promise<T>): Promise<T> {
  return withSignals((signal) => {
    console.error(`${signal}: stopped. ${howToGoOn}`);
    process.exit(130);
  }, work);
}

async function withSignals<T>(onSignal: (signal: NodeJS.Signals) => void, work: () => Promise<T>): Promise<T> {
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work();
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
