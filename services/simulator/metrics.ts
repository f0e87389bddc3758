const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/** A caller chooses its path; beyond this many they are counted together, so that none can fill the memory. */
const ROUTES = 50;

type Histogram = { readonly counts: number[]; sum: number; count: number };

/** What the stage did, in Prometheus' text format. */
export class Metrics {
  readonly #labels: string;
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Histogram>();
  readonly #hopFailures = new Map<string, number>();
  readonly #routes = new Set<string>();
  #inFlight = 0;
  #bytes = 0;

  constructor(stage: string, version: string) {
    this.#labels = labels({ stage, version });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  begin(): void {
    this.#inFlight += 1;
  }

  end(path: string, method: string, code: number, seconds: number): void {
    this.#inFlight -= 1;
    const route = this.#route(path);
    increment(this.#requests, labels({ route, method, code: String(code) }));
    const key = labels({ route, method });
    const histogram = this.#durations.get(key) ?? { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
    this.#durations.set(key, histogram);
    histogram.sum += seconds;
    histogram.count += 1;
    for (const [index, bound] of BUCKETS.entries())
      if (seconds <= bound) histogram.counts[index] = (histogram.counts[index] ?? 0) + 1;
  }

  hopFailed(hop: string): void {
    increment(this.#hopFailures, labels({ hop }));
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  text(): string {
    const lines = [
      ...head("stage_requests_total", "counter", "Requests answered, by route, method and status."),
      ...this.#counters("stage_requests_total", this.#requests),
      ...head("stage_request_duration_seconds", "histogram", "Time from a request's start to its answer's end."),
      ...[...this.#durations].flatMap(([key, histogram]) => this.#histogram(key, histogram)),
      ...head("stage_requests_in_flight", "gauge", "Requests being worked on."),
      `stage_requests_in_flight{${this.#labels}} ${this.#inFlight}`,
      ...head("stage_hop_failures_total", "counter", "Calls to a next hop that failed."),
      ...this.#counters("stage_hop_failures_total", this.#hopFailures),
      ...head("stage_request_bytes_total", "counter", "Bytes of request bodies read."),
      `stage_request_bytes_total{${this.#labels}} ${this.#bytes}`,
    ];
    return `${lines.join("\n")}\n`;
  }

  #route(path: string): string {
    if (!this.#routes.has(path) && this.#routes.size >= ROUTES) return "other";
    this.#routes.add(path);
    return path;
  }

  #counters(name: string, counters: ReadonlyMap<string, number>): string[] {
    return [...counters].map(([key, value]) => `${name}{${this.#labels},${key}} ${value}`);
  }

  #histogram(key: string, { counts, sum, count }: Histogram): string[] {
    const name = "stage_request_duration_seconds";
    const own = `${this.#labels},${key}`;
    return [
      ...BUCKETS.map((bound, index) => `${name}_bucket{${own},le="${bound}"} ${counts[index]}`),
      `${name}_bucket{${own},le="+Inf"} ${count}`,
      `${name}_sum{${own}} ${sum}`,
      `${name}_count{${own}} ${count}`,
    ];
  }
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labels(values: Record<string, string>): string {
  const escape = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(",");
}

function increment(counters: Map<string, number>, key: string): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}
