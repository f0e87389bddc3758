import { load, type Result, type Target } from "../../cli/demo/load.ts";

/** Four users with a breath between requests: at full speed they would leave two cores nothing for what is tested meanwhile. */
const steady = { concurrency: 4, timeout: 60_000, pause: 50 };

/** Requests that go on until they are told to end. */
export interface Traffic {
  /** Ends them, and gives what came of each. */
  end(): Promise<Result[]>;
  /** How many have been begun. */
  readonly sent: number;
}

/** Requests that begin now; all but their URL has a default. */
export function trafficTo(target: Partial<Target> & Pick<Target, "url">): Traffic {
  let ending = false;
  let sent = 0;
  const results = load({ ...steady, ...target }, (already) => {
    sent = already;
    return ending;
  });
  return {
    end: () => {
      ending = true;
      return results;
    },
    get sent() {
      return sent;
    },
  };
}

/** What came of the requests that were sent while something was done. */
export async function trafficDuring(
  target: Partial<Target> & Pick<Target, "url">,
  work: () => Promise<unknown>,
): Promise<Result[]> {
  const traffic = trafficTo(target);
  try {
    await work();
  } finally {
    await traffic.end();
  }
  return traffic.end();
}
