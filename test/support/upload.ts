import { request } from "node:http";

/** A POST with a body. */
export interface Upload {
  readonly url: string;
  /** The name that the gateway is called by. Default: its address. */
  readonly host?: string;
  readonly bytes: number;
  /** Milliseconds after which it is given up. */
  readonly timeout: number;
}

/** The status that an upload is answered, or `held` where it was given up before. */
export function upload({ url, host, bytes, timeout }: Upload): Promise<number | "held"> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeout);
    const headers = { "content-length": bytes, ...(host !== undefined && { host }) };
    const outgoing = request(url, { method: "POST", headers, signal }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    });
    outgoing.on("error", (error) => (signal.aborted ? resolve("held") : reject(error)));
    outgoing.end(Buffer.alloc(bytes));
  });
}
