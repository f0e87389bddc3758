import { request } from "node:http";

/** What came of a request in plain text: an HTTP status, or the way in which the connection ended. */
export type Attempt = { readonly status: number } | { readonly refused: string };

/** Sends one request in plain HTTP, without a client certificate, as a pod outside the mesh would. */
export function plaintextRequest(url: string, timeout = 10_000): Promise<Attempt> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, signal: AbortSignal.timeout(timeout) }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    outgoing.on("error", (error) => {
      // A request that nobody answers says nothing about the mesh: only an ended connection is a refusal.
      const code = "code" in error ? String(error.code) : "";
      if (code === "ECONNRESET" || code === "EPIPE") resolve({ refused: `${code}: ${error.message}` });
      else reject(error);
    });
    outgoing.end();
  });
}
