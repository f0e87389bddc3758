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
export function responseIn(answer: RawAnswer): RawResponse | undefined {
  return responsesIn(answer)[0];
}

/** The responses in what came, one after the other, as requests that were written one after the other get them. */
export function responsesIn({ received }: RawAnswer): RawResponse[] {
  const responses: RawResponse[] = [];
  for (let rest = received; ;) {
    const read = firstIn(rest);
    if (read === undefined) return responses;
    responses.push(read.response);
    rest = read.rest;
  }
}

function firstIn(text: string): { response: RawResponse; rest: string } | undefined {
  const [whole, status, lines = ""] = /^HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const headers = new Map(
    lines.split("\r\n").map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()];
    }),
  );
  const behind = text.slice(whole.length);
  const { body, rest } = bodyIn(behind, headers);
  return { response: { status: Number(status), headers, body }, rest };
}

function bodyIn(text: string, headers: ReadonlyMap<string, string>): { body: string; rest: string } {
  if (headers.get("transfer-encoding") === "chunked") return unchunked(text);
  const length = headers.get("content-length");
  const end = length === undefined ? text.length : Number(length);
  return { body: text.slice(0, end), rest: text.slice(end) };
}

function unchunked(text: string): { body: string; rest: string } {
  const [line = "", size = "0"] = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(text) ?? [];
  const end = line.length + Number.parseInt(size, 16);
  if (end === line.length) return { body: "", rest: text.slice(end + 2) };
  const { body, rest } = unchunked(text.slice(end + 2));
  return { body: text.slice(line.length, end) + body, rest };
}
