import { decisionOn, type Judge } from "./access-log.ts";
import { nameOf, type Identities, type Who } from "./identities.ts";
import type { RawAnswer, RawRequest } from "./raw-client.ts";
import { requestBytes, responseIn, responsesIn, type RawResponse } from "./raw-http.ts";
import type { Trick } from "./tricks.ts";

/** A request to a stage. */
export interface Try<Stage extends string> {
  readonly stage: Stage;
  readonly method: string;
  readonly target: string;
}

/** What came of one: its stage answered, or a sidecar did so with this status, or there was no connection to be had. */
export type Outcome = "in" | "no connection" | number;

/** A pod that requests are sent to, and the port of its stage. */
export interface Callee extends Judge {
  readonly ip: string;
  readonly port: number;
}

/** Requests to stages by identities of the mesh, and what came of them. */
export class Tries<Stage extends string> {
  readonly at: Readonly<Record<Stage, Callee>>;
  readonly #identities: Identities;
  #count = 0;

  constructor(identities: Identities, at: Readonly<Record<Stage, Callee>>) {
    this.#identities = identities;
    this.at = at;
  }

  /** What comes of each; those to one stage go over one connection, as a client that keeps it would write them. */
  async outcomes(who: Who, list: readonly Try<Stage>[], tls: RawRequest["tls"] = "own"): Promise<Outcome[]> {
    return (await this.#sent(who, list, tls)).map(({ outcome }) => outcome);
  }

  /** Each on a connection of its own, in all its bytes. */
  async each(who: Who, stage: Stage, tricks: readonly Trick[]): Promise<RawAnswer[]> {
    const { ip: host, port } = this.at[stage];
    const requests = tricks.map(({ method = "POST", target, headers = [], body }): RawRequest => {
      const bytes = requestBytes(method, target, [["user-agent", this.#userAgent()], ...headers], body);
      return { host, port, tls: "own", bytes };
    });
    // Some ask for a connection that goes on.
    return this.#identities.send(who, requests, { timeout: 5000 });
  }

  /** In plain text, to ports of the sidecar's own. */
  async plain(
    who: Who,
    stage: Stage,
    list: readonly (readonly [port: number, target: string])[],
  ): Promise<(RawResponse | undefined)[]> {
    const { ip: host } = this.at[stage];
    const requests = list.map(([port, target]): RawRequest => ({
      host,
      port,
      tls: "plain",
      bytes: requestBytes("GET", target),
    }));
    return (await this.#identities.send(who, requests)).map(responseIn);
  }

  /** Those that came to something else than was expected: who, what, where, and which policy decided so. */
  async unexpected(who: Who, list: readonly Try<Stage>[], expected: (tried: Try<Stage>) => Outcome): Promise<string[]> {
    const seen = await this.#sent(who, list, "own");
    const wrong = seen.filter(({ tried, outcome }) => outcome !== expected(tried));
    return Promise.all(
      wrong.map(async ({ tried, outcome, userAgent }, index) => {
        const { method, target, stage } = tried;
        // A wall that fell lets everything in: of some it is enough to know why.
        const why = index < 10 ? await decisionOn(this.at[stage], userAgent) : "as above";
        return `${nameOf(who)}: ${method} ${target} at ${stage}: ${outcome}, not ${expected(tried)}; ${why}`;
      }),
    );
  }

  /** Which policy decides on one that is refused. */
  async decision(who: Who, tried: Try<Stage>): Promise<string> {
    const [seen] = await this.#sent(who, [tried], "own");
    return decisionOn(this.at[tried.stage], seen?.userAgent ?? "");
  }

  async #sent(who: Who, list: readonly Try<Stage>[], tls: RawRequest["tls"]) {
    const tries = list.map((tried) => ({ tried, userAgent: this.#userAgent() }));
    const groups = [...Map.groupBy(tries, ({ tried }) => tried.stage)];
    const requests = groups.map(([stage, group]): RawRequest => {
      const [bytes = "", ...next] = group.map(({ tried: { method, target }, userAgent }, index) => {
        const connection = index === group.length - 1 ? "close" : "keep-alive";
        return requestBytes(method, target, [
          ["user-agent", userAgent],
          ["connection", connection],
        ]);
      });
      return { host: this.at[stage].ip, port: this.at[stage].port, tls, bytes, next };
    });
    const answers = await this.#identities.send(who, requests);
    return groups.flatMap(([, group], at) => {
      const answer = answers[at] ?? { received: "" };
      const responses = responsesIn(answer);
      return group.map((one, index) => ({ ...one, outcome: outcomeOf(responses[index]) }));
    });
  }

  #userAgent(): string {
    this.#count += 1;
    return `try-${process.pid}-${this.#count}`;
  }
}

function outcomeOf(response: RawResponse | undefined): Outcome {
  if (response === undefined) return "no connection";
  // A sidecar tells how long its stage took; an answer of its own has no such word.
  return response.headers.has("x-envoy-upstream-service-time") ? "in" : response.status;
}
