/** Where a row of builds stands. Weights are the seconds each takes on the machine they were measured on. */
export type Standing = {
  readonly done: { readonly weight: number; readonly seconds: number };
  readonly current: { readonly weight: number; readonly seconds: number };
  readonly waiting: number;
};

/** How much measured work counts as much as the assumption that this machine is as fast as the measured one. */
const PRIOR = 30;

/** Seconds left: the weights still to come, at the speed seen so far, and never less than a tenth of what runs now. */
export function secondsLeft({ done, current, waiting }: Standing): number {
  const seen = (done.seconds + PRIOR) / (done.weight + PRIOR);
  const slowness = current.weight === 0 ? seen : Math.max(seen, current.seconds / (current.weight + PRIOR));
  const running = Math.max(current.weight * slowness - current.seconds, current.weight * slowness * 0.1);
  return running + waiting * slowness;
}

/** "45 s", "3 min", as a person reads a clock. */
export function roughly(seconds: number): string {
  return seconds < 90 ? `${Math.max(5, Math.round(seconds / 5) * 5)} s` : `${Math.round(seconds / 60)} min`;
}

/** "0:45", "12:03". */
export function elapsed(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
