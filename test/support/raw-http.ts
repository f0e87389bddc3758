import type { RawAnswer } from "./raw-client.ts";

/** HTTP/1.1 as bytes, so that nothing puts right what a test writes wrongly. */

/**
 * A request as it goes over the wire: the target and the headers exactly as given, in their order, then whatever they leave
 * out of `host` and `connection: close`.
 */
export function requestBytes(
  method: string,
  target: string,
  headers: readonly (readonly [name: string, value: string])[] = [],
  body = "",
): string {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const rest = [
    ["host", "stage"],
    ["connection", "close"],
    ...(body === "" && !["POST", "PUT", "PATCH"].includes(method) ? [] : [["content-length", String(body.length)]]),
  ].filter(([name = ""]) => !given.has(name));
  const lines = [...headers, ...rest].map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

export interface RawResponse {
  readonly status: number;
  /** By lower-case name; of several of one name the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The first response in what came; undefined where there was none. */
export function responseIn({ received }: RawAnswer): RawResponse | undefined {
  const [, status, head = "", rest = ""] =
    /^HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n(.*?)\r\n\r\n(.*)$/s.exec(`${received}`) ?? [];
  if (status === undefined) return undefined;
  const headers = new Map(
    head.split("\r\n").map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()];
    }),
  );
  const body = headers.get("transfer-encoding") === "chunked" ? unchunked(rest) : rest;
  return { status: Number(status), headers, body };
}

function unchunked(text: string): string {
  const [line, size] = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(text) ?? [];
  if (line === undefined || size === undefined) return "";
  const length = Number.parseInt(size, 16);
  if (length === 0) return "";
  const from = line.length;
  return text.slice(from, from + length) + unchunked(text.slice(from + length + 2));
}
