import type { RetriesConfig, TimeoutsConfig } from "../../config/schema.ts";
import { durationOf, seconds, type Duration } from "../../services/duration.ts";

/**
 * What one try is given by default. Three tries of two seconds are usual; to connect, a packet that is lost is sent again after
 * one second (RFC 6298, 2.1), and has then as long to be answered. Seconds.
 */
const usual = 2;

/** The longest time of one try: what the stack says, else as much as lets every try fit into the whole time. */
export function perTryTimeoutOf({ attempts, perTryTimeout }: RetriesConfig, timeout: Duration): Duration {
  return perTryTimeout ?? share(attempts, timeout);
}

/**
 * How long a caller waits for a connection, TLS included: what the stack says, else as much as lets every try fit into the whole
 * time of a request. Istio's own ten seconds are the whole time of many a request: of a node that fell silent the callers would
 * wait for nothing else, and never try another.
 */
export function connectTimeoutOf(
  { connect }: Pick<TimeoutsConfig, "connect">,
  { attempts }: Pick<RetriesConfig, "attempts">,
  timeout: Duration,
): Duration {
  return connect ?? share(attempts, timeout);
}

function share(attempts: number, timeout: Duration): Duration {
  const each = Math.max(0.001, Math.floor((seconds(timeout) / (attempts + 1)) * 1000) / 1000);
  return durationOf(Math.min(usual, each));
}
