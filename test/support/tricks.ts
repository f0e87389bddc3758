/** Ways to ask for a path, or to be taken for somebody else, that servers and proxies have been found to disagree on. */

/** A request that is written so that a proxy may take it for another than the server behind it does. */
export interface Trick {
  readonly name: string;
  readonly target: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly method?: string;
  readonly body?: string;
}

/**
 * Spellings of a path that no work route has; `/` stands before and after its last part.
 *
 * @param work a path that the sender may ask for
 */
export function pathTricks(path: string, work: string): Trick[] {
  const bare = path.replace(/^\/|\/$/g, "");
  const last = bare.split("/").at(-1) ?? "";
  const start = path.slice(0, path.lastIndexOf(last));
  const inside = work.endsWith("/") ? work : `${work}/`;
  const up = `${inside}${inside
    .split("/")
    .slice(2)
    .map(() => "..")
    .join("/")}`;
  const encoded = (character: string) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  const targets: Record<string, string> = {
    plain: path,
    "without the slash at its end": `/${bare}`,
    "with a slash at its end": `/${bare}/`,
    "with two slashes at its end": `/${bare}//`,
    "two slashes": `//${bare}/`,
    "three slashes": `///${bare}/`,
    "two slashes inside": path.replace(/(?<=.)\//, "//"),
    "a slash encoded": `/%2f${bare}/`,
    "a slash encoded at its end": `/${bare}%2f`,
    "a slash encoded, in capitals": `/%2F${bare}/`,
    "a slash encoded twice": `/%252f${bare}/`,
    "a slash encoded thrice": `/%25252f${bare}/`,
    "the first slash encoded": `%2f${bare}/`,
    "a backslash": `/\\${bare}/`,
    "a backslash encoded": `/%5c${bare}/`,
    "a backslash at its end": `/${bare}\\`,
    "a backslash for a slash": `\\${bare}/`,
    "a dot segment": `/./${bare}/`,
    "a dot segment encoded": `/%2e/${bare}/`,
    "out of the work route": `${up}/${bare}/`,
    "out of the work route, dots encoded": `${up.replaceAll("..", "%2e%2e")}/${bare}/`,
    "out of the work route, dots encoded in capitals": `${up.replaceAll("..", "%2E%2E")}/${bare}/`,
    "out of the work route, half encoded": `${up.replaceAll("..", ".%2e")}/${bare}/`,
    "out of the work route, dots encoded twice": `${up.replaceAll("..", "%252e%252e")}/${bare}/`,
    "out of the work route by an encoded slash": `${up}%2f${bare}/`,
    "out of the work route by a slash encoded twice": `${up}%252f${bare}/`,
    "out of the work route by a backslash": `${up.replaceAll("/..", "\\..")}\\${bare}/`,
    "out of the work route by an encoded backslash": `${up.replaceAll("/..", "%5c..")}%5c${bare}/`,
    "out of the work route by a matrix parameter": `${up.replaceAll("..", "..;")}/${bare}/`,
    "out of the work route by an encoded matrix parameter": `${up.replaceAll("..", "..%3b")}/${bare}/`,
    "out of the work route from its parameter": `${inside.slice(0, -1)};x=1${up.slice(inside.length - 1)}/${bare}/`,
    "above the root": `/../${bare}/`,
    "far above the root": `/../../../../${bare}/`,
    "a segment of a matrix parameter": `/;x=1/${bare}/`,
    "a matrix parameter": `/${bare};x=1/`,
    "a matrix parameter without a name": `/${bare};/`,
    "a matrix parameter, encoded": `/${bare}%3bx/`,
    capitals: path.toUpperCase(),
    "a capital letter": path.replace(last, `${last.charAt(0).toUpperCase()}${last.slice(1)}`),
    "a letter encoded": `${start}${encoded(last.charAt(0))}${last.slice(1)}/`,
    "every letter encoded": `/${[...bare].map((one) => (one === "/" ? one : encoded(one))).join("")}/`,
    "every letter encoded twice": `/${[...bare].map((one) => (one === "/" ? one : encoded(one).replace("%", "%25"))).join("")}/`,
    "a letter of two bytes": `${start}%c1${encoded(last.charAt(0))}${last.slice(1)}/`,
    "a slash of two bytes": `/%c0%af${bare}/`,
    "a letter by UTF-16": `${start}%u00${encoded(last.charAt(0)).slice(1)}${last.slice(1)}/`,
    "a query": `${path}?x=1`,
    "an empty query": `${path}?`,
    "the work route in the query": `${path}?${work}`,
    "an encoded question mark": `${path}%3f${work}`,
    "the work route's query": `${work}?${path}`,
    "a fragment": `${path}#x`,
    "the work route in the fragment": `${path}#${work}`,
    "the work route's fragment": `${work}#/../${bare}/`,
    "an encoded fragment": `${path}%23`,
    "a zero byte": `${path}%00`,
    "a zero byte before": `/%00${bare}/`,
    "the work route and a zero byte": `${work}%00/../${bare}/`,
    "a line's end": `${path}%0d%0a`,
    "a blank at its end": `${path}%20`,
    "a blank before": `/%20${bare}/`,
    "a tab": `${path}%09`,
    "a dot at its end": `/${bare}.`,
    "a dot segment at its end": `/${bare}/.`,
    "a suffix": `/${bare}.json`,
    "the absolute form": `http://tts-service${path}`,
    "the absolute form of another host": `http://example.com${path}`,
    "the absolute form of https": `https://tts-service${path}`,
    "the absolute form without a path, but a query": `http://tts-service?${path}`,
    "the absolute form with a user": `http://a:b@tts-service${path}`,
    "the absolute form with two slashes": `http://tts-service/${path}`,
    "the absolute form of a file": `file://${path}`,
    "no slash before": `${bare}/`,
    "an asterisk": "*",
    overlong: `/${"./".repeat(4000)}${bare}/`,
    "overlong out of the work route": `${inside}${"a/../".repeat(2000)}..${"/..".repeat(3)}/${bare}/`,
    "longer than any header may be": `${path}?${"x".repeat(100_000)}`,
  };
  return Object.entries(targets).map(([name, target]) => ({ name, target }));
}

/** Headers by which something asks to be taken for another request, or by another sender. */
export function headerTricks(path: string, work: string, principal: string): Trick[] {
  const body = (text: string) => ({ body: text });
  const at = (name: string, target: string, ...headers: (readonly [string, string])[]): Trick => ({
    name,
    target,
    headers,
  });
  const inner = `POST ${path} HTTP/1.1\r\nhost: stage\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
  return [
    at("another host", path, ["host", "localhost"]),
    at("no host", path, ["host", ""]),
    at("two hosts", path, ["host", "stage"], ["host", "localhost"]),
    at("a host with a path", work, ["host", `stage${path}`]),
    ...["x-forwarded-for", "x-real-ip", "x-client-ip", "forwarded", "true-client-ip", "x-envoy-external-address"].map(
      (name) => at(name, path, [name, name === "forwarded" ? "for=127.0.0.1" : "127.0.0.1"]),
    ),
    ...["x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-path"].map(
      (name) => at(name, path, [name, name === "x-forwarded-proto" ? "https" : work]),
    ),
    at("x-forwarded-client-cert of the uploader", path, [
      "x-forwarded-client-cert",
      `By=spiffe://${principal};Hash=${"0".repeat(64)};Subject="";URI=spiffe://${principal}`,
    ]),
    ...[
      "x-envoy-original-path",
      "x-original-url",
      "x-rewrite-url",
      "x-original-uri",
      "x-envoy-decorator-operation",
    ].flatMap((name) => [
      at(`${name} to the work route`, path, [name, work]),
      at(`${name} from the work route`, work, [name, path]),
    ]),
    ...["x-envoy-internal", "x-envoy-force-trace", "x-envoy-upstream-alt-stat-name", "x-envoy-peer-metadata"].map(
      (name) => at(name, path, [name, "true"]),
    ),
    at("x-envoy-original-dst-host", path, ["x-envoy-original-dst-host", "127.0.0.1:15000"]),
    at("x-envoy-attempt-count", path, ["x-envoy-attempt-count", "2"]),
    at("x-istio-attributes", path, ["x-istio-attributes", principal]),
    ...["x-http-method-override", "x-http-method", "x-method-override"].flatMap((name) => [
      at(`${name} to GET`, path, [name, "GET"]),
      { ...at(`${name} from GET`, path, [name, "POST"]), method: "GET" },
    ]),
    at("a pseudo-header of the path", work, [":path", path]),
    at("a pseudo-header of the path, to the work route", path, [":path", work]),
    at("a pseudo-header of the method", path, [":method", "GET"]),
    at("a pseudo-header of the host", path, [":authority", "localhost"]),
    at("a header with a blank in its name", path, ["host ", "localhost"]),
    at("two user-agents", path, ["user-agent", "one"], ["user-agent", "two"]),
    at("two lengths", work, ["content-length", "0"], ["content-length", String(inner.length)]),
    {
      ...at("a length and chunks", work, ["content-length", "5"], ["transfer-encoding", "chunked"]),
      ...body(`0\r\n\r\n${inner}`),
    },
    {
      ...at(
        "chunks and another coding",
        work,
        ["transfer-encoding", "chunked, identity"],
        ["connection", "keep-alive"],
      ),
      ...body(`0\r\n\r\n${inner}`),
    },
    {
      ...at("chunks, written unusually", work, ["transfer-encoding", " chunked\t"], ["connection", "keep-alive"]),
      ...body(`0\r\n\r\n${inner}`),
    },
    { ...at("a second request behind", work, ["content-length", "0"], ["connection", "keep-alive"]), ...body(inner) },
    { ...at("an upgrade", path, ["connection", "upgrade, close"], ["upgrade", "websocket"]), method: "GET" },
    {
      ...at(
        "an upgrade to HTTP/2",
        work,
        ["connection", "upgrade, http2-settings"],
        ["upgrade", "h2c"],
        ["http2-settings", ""],
      ),
      ...body(inner),
    },
    at("a header that the connection is to drop", path, ["connection", "close, x-forwarded-client-cert"]),
  ];
}

/** Methods in which an admin route might be hidden. */
export function methodTricks(path: string): Trick[] {
  const methods = [
    "post",
    "Post",
    "GET",
    "HEAD",
    "OPTIONS",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "PROPFIND",
    "UPLOAD",
    "CONNECT",
  ];
  return methods.map((method) => ({ name: `the method ${method}`, method, target: path }));
}

/**
 * Whether any server, however lenient, could take what reached it for one of these paths: decoded as often as it likes, by
 * any case, with slashes, dot segments and parameters as it likes.
 */
export function couldMean(seen: string, paths: readonly string[]): boolean {
  const wanted = new Set(paths.map(loosest));
  const readings = [seen];
  for (let round = 0; round < 4; round += 1) readings.push(decoded(readings.at(-1) ?? ""));
  return readings.flatMap((text) => [text, text.split(/[?#\0]/)[0] ?? ""]).some((text) => wanted.has(loosest(text)));
}

/** A path without all that some server ignores. */
function loosest(path: string): string {
  const plain = path
    .replace(/^\w+:\/\/[^/]*/, "")
    .replaceAll("\\", "/")
    .toLowerCase()
    .replace(/;[^/]*/g, "")
    .replace(/[\s\0]/g, "");
  const segments: string[] = [];
  for (const segment of plain.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments.join("/").replace(/\.(json|html)?$/, "");
}

/** One round of percent-decoding; bytes that are no text stay as they are, but for overlong ones of ASCII. */
function decoded(text: string): string {
  return text
    .replace(/%u00([0-9a-f]{2})/gi, "%$1")
    .replace(/%c([01])%([0-9a-f]{2})/gi, (_, high: string, low: string) =>
      String.fromCharCode((Number(high) << 6) | (Number.parseInt(low, 16) & 0x3f)),
    )
    .replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
