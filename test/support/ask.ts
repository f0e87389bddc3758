import { request } from "node:http";

/** A header line; a name may stand on several. */
export type HeaderLine = readonly [name: string, value: string];

export interface Question {
  readonly address: string;
  readonly method?: string;
  /** As it is sent, nothing normalised. */
  readonly path: string;
  readonly headers?: readonly HeaderLine[];
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  /** The `www-authenticate` header, empty where there is none. */
  readonly challenge: string;
  /** Whether the gateway had it from a stage. */
  readonly upstream: boolean;
}

/** One request to the gateway, on a connection of its own. */
export function ask({ address, method = "POST", path, headers = [] }: Question): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const lines = [["host", address], ["connection", "close"], ["content-length", "0"], ...headers].flat();
    const signal = AbortSignal.timeout(60_000);
    const outgoing = request({ host: address, method, path, headers: lines, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString("utf8"),
          challenge: response.headers["www-authenticate"] ?? "",
          upstream: response.headers["x-envoy-upstream-service-time"] !== undefined,
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** Who decided about a request, as the reply tells. */
export type Decider = "stage" | "token" | "policy" | "stage's policy" | "codec" | "unknown";

export function deciderOf({ status, body, challenge, upstream }: Reply): Decider {
  const byPolicy = status === 403 && body.startsWith("RBAC: access denied");
  if (upstream) return byPolicy ? "stage's policy" : "stage";
  if (challenge.startsWith("Bearer")) return "token";
  if (byPolicy) return "policy";
  return status === 400 || status === 431 ? "codec" : "unknown";
}
