import { elapsed, roughly, secondsLeft } from "./estimate.ts";

type Step = { readonly names: readonly string[]; readonly weight: number; readonly work: () => Promise<void> };

/** How often a long step says that it is still at work. */
const REPEAT_MS = 15_000;

/** Long pieces of work, one after the other, that tell where they are and how long it will take. */
export class Row {
  readonly #things: string;
  readonly #progress: (line: string) => void;
  readonly #steps: Step[] = [];

  /** `things` is what the names are: "tools", "images". */
  constructor(things: string, progress: (line: string) => void) {
    this.#things = things;
    this.#progress = progress;
  }

  /** Adds a step that makes the named things; `weight` is the seconds it takes on two cores with empty caches. */
  add(names: readonly string[], weight: number, work: () => Promise<void>): void {
    this.#steps.push({ names, weight, work });
  }

  async run(): Promise<void> {
    const count = this.#steps.reduce((sum, { names }) => sum + names.length, 0);
    const begun = performance.now();
    let made = 0;
    let done = 0;
    for (const [index, { names, weight, work }] of this.#steps.entries()) {
      const stepBegun = performance.now();
      const waiting = this.#steps.slice(index + 1).reduce((sum, step) => sum + step.weight, 0);
      const tell = () => {
        const spent = seconds(begun);
        const left = secondsLeft({
          done: { weight: done, seconds: spent - seconds(stepBegun) },
          current: { weight, seconds: seconds(stepBegun) },
          waiting,
        });
        const numbers = names.length === 1 ? `${made + 1}` : `${made + 1}–${made + names.length}`;
        const what = `${this.#things} ${numbers} of ${count}: ${names.join(", ")}`;
        this.#progress(`${what} (${elapsed(spent)} so far, about ${roughly(left)} left)`);
      };
      tell();
      const timer = setInterval(tell, REPEAT_MS);
      try {
        await work();
      } finally {
        clearInterval(timer);
      }
      made += names.length;
      done += weight;
    }
    if (count > 0) this.#progress(`${this.#things}: ${count} made in ${elapsed(seconds(begun))}`);
  }
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}
