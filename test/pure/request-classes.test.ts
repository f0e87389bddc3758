import { describe, expect, test } from "vitest";
import type { NamedRoute } from "../../components/istio/objects.ts";
import { byClass, idempotenceAnnotation, requestClasses } from "../../components/traffic/request-classes.ts";
import { retries } from "../../config/schema/retries.ts";
import type { Route } from "../../services/engine.ts";
import { engines } from "../../services/engines/index.ts";

const untouched = { attempts: 2, retryOn: "connect-failure,refused-stream,reset-before-request" };
const anyError = { attempts: 2, retryOn: "gateway-error,connect-failure,refused-stream" };

function classesOf(routes: readonly Route[], repeatable: readonly Route[] = [], written: object = {}) {
  return requestClasses({ routes, repeatable, retries: retries.parse(written), timeout: "30s" });
}

/** `POST /path` for what names one; the class's other ways to match by what they look at. */
function told({ match }: ReturnType<typeof requestClasses>[number]): string[] {
  return match.map(({ method, uri, headers }) =>
    headers === undefined
      ? [method?.exact ?? method?.regex, uri?.exact].filter((part) => part !== undefined).join(" ")
      : Object.keys(headers).join(" "),
  );
}

describe("the classes of a stage's requests", () => {
  const generate: Route = { method: "POST", path: "/generate", idempotent: false, purpose: "work", streams: false };
  const stream: Route = { ...generate, path: "/stream", streams: true };
  const embed: Route = { ...generate, path: "/embed", idempotent: true };
  const transcribe: Route = { ...stream, path: "/transcribe", idempotent: true };

  test.each<[string, Route[], Route[], object, [string | undefined, string[], string | undefined, object][]]>([
    [
      "that generates",
      [generate],
      [],
      {},
      [
        ["stream", ["upgrade", "accept", "content-type"], undefined, untouched],
        ["idempotent", ["GET|HEAD|OPTIONS"], "30s", { ...anyError, perTryTimeout: "2s" }],
        [undefined, [], "30s", untouched],
      ],
    ],
    [
      "with a route of each kind",
      [generate, stream, embed, transcribe],
      [embed, transcribe],
      {},
      [
        ["idempotent-stream", ["POST /transcribe"], undefined, anyError],
        ["stream", ["upgrade", "accept", "content-type", "POST /stream"], undefined, untouched],
        ["idempotent", ["GET|HEAD|OPTIONS", "POST /embed"], "30s", { ...anyError, perTryTimeout: "2s" }],
        [undefined, [], "30s", untouched],
      ],
    ],
    [
      "whose repeatable routes go on to one that generates",
      [embed, transcribe],
      [],
      {},
      [
        ["stream", ["upgrade", "accept", "content-type", "POST /transcribe"], undefined, untouched],
        ["idempotent", ["GET|HEAD|OPTIONS"], "30s", { ...anyError, perTryTimeout: "2s" }],
        [undefined, [], "30s", untouched],
      ],
    ],
    [
      "whose stack vouches for more routes",
      [generate, stream, embed],
      [embed],
      {
        idempotentRoutes: [
          { method: "POST", path: "/stream" },
          { method: "PUT", path: "/voice" },
          { method: "POST", path: "/embed" },
        ],
      },
      [
        ["idempotent-stream", ["POST /stream"], undefined, anyError],
        ["stream", ["upgrade", "accept", "content-type"], undefined, untouched],
        ["idempotent", ["GET|HEAD|OPTIONS", "POST /embed", "PUT /voice"], "30s", { ...anyError, perTryTimeout: "2s" }],
        [undefined, [], "30s", untouched],
      ],
    ],
    [
      "with retries of its own",
      [generate],
      [],
      { attempts: 1, retryOn: ["5xx"], perTryTimeout: "500ms" },
      [
        ["stream", ["upgrade", "accept", "content-type"], undefined, { ...untouched, attempts: 1 }],
        ["idempotent", ["GET|HEAD|OPTIONS"], "30s", { attempts: 1, retryOn: "5xx", perTryTimeout: "500ms" }],
        [undefined, [], "30s", { ...untouched, attempts: 1 }],
      ],
    ],
    [
      "without retries",
      [generate],
      [],
      { attempts: 0 },
      [
        ["stream", ["upgrade", "accept", "content-type"], undefined, { attempts: 0 }],
        ["idempotent", ["GET|HEAD|OPTIONS"], "30s", { attempts: 0 }],
        [undefined, [], "30s", { attempts: 0 }],
      ],
    ],
  ])("%s", (_, routes, repeatable, written, expected) => {
    const classes = classesOf(routes, repeatable, written);
    expect(classes.map((kind) => [kind.name, told(kind), kind.policy.timeout, kind.policy.retries])).toEqual(expected);
  });

  test.each<[object, string]>([
    [{}, "gateway-error,connect-failure,refused-stream,unavailable"],
    [{ retryOn: ["5xx"] }, "5xx,unavailable"],
    [{ retryOn: ["reset"] }, "reset"],
    [{ retryOn: ["unavailable", "gateway-error"] }, "unavailable,gateway-error"],
  ])("of gRPC follow from its methods, and what tries 503 again (%j) tries UNAVAILABLE: %s", (written, retryOn) => {
    const classes = requestClasses({
      protocol: "grpc",
      routes: [generate, stream, embed],
      repeatable: [embed],
      retries: retries.parse(written),
      timeout: "30s",
    });
    expect(classes.map((kind) => [kind.name, told(kind), kind.policy.timeout, kind.policy.retries?.retryOn])).toEqual([
      ["stream", ["upgrade", "accept", "POST /stream"], undefined, untouched.retryOn],
      ["idempotent", ["GET|HEAD|OPTIONS", "POST /embed"], "30s", retryOn],
      [undefined, [], "30s", untouched.retryOn],
    ]);
  });

  test("no engine's route that generates is tried again after a replica may have worked on it", () => {
    for (const { name, routes } of Object.values(engines)) {
      const repeatable = routes.filter(({ idempotent }) => idempotent);
      const repeating = classesOf(routes, repeatable).filter(
        ({ policy }) => policy.retries?.retryOn !== untouched.retryOn,
      );
      const generating = routes.filter((route) => route.method === "POST" && !route.idempotent);
      for (const { path } of generating) {
        expect(repeating.flatMap(told), `${name} ${path}`).not.toContain(`POST ${path}`);
      }
    }
    // The control: there are such routes.
    expect(
      Object.values(engines)
        .flatMap(({ routes }) => routes)
        .filter(({ idempotent }) => !idempotent),
    ).not.toEqual([]);
  });

  test.each([
    ["websocket", "upgrade", true],
    ["WebSocket", "upgrade", true],
    ["h2c", "upgrade", false],
    ["text/event-stream", "accept", true],
    ["application/json, text/event-stream;q=0.9", "accept", true],
    ["text/event-streams", "accept", false],
    ["application/json", "accept", false],
  ])("%s in %s asks for a stream: %s", (value, header, asks) => {
    const [kind] = classesOf([generate]);
    const regex = kind?.match.map(({ headers }) => headers?.[header]?.regex).find((found) => found !== undefined);
    const [, flags, pattern = ""] = /^(\(\?i\))?(.*)$/.exec(regex ?? "") ?? [];
    expect(new RegExp(`^(?:${pattern})$`, flags === undefined ? "" : "i").test(value)).toBe(asks);
  });
});

describe("routes by class", () => {
  const route = [{ destination: { host: "llm" } }];
  const routes: NamedRoute[] = [
    { name: "pinned-v1", match: [{ headers: { baggage: { regex: "llm=v1" } } }], route },
    { name: "by-weight", route },
  ];
  const embed: Route = { method: "POST", path: "/embed", idempotent: true, purpose: "work", streams: false };
  const classes = classesOf([embed], [embed]);

  test("are each route once for each class, in the order of both", () => {
    expect(byClass(routes, classes).map(({ name }) => name)).toEqual([
      ...["pinned-v1-stream", "pinned-v1-idempotent", "pinned-v1"],
      ...["by-weight-stream", "by-weight-idempotent", "by-weight"],
    ]);
  });

  test("match what the route matches and what the class matches", () => {
    const baggage = { regex: "llm=v1" };
    expect(byClass(routes, classes).map(({ match }) => match)).toEqual([
      [
        { headers: { baggage, upgrade: { regex: "(?i)websocket" } } },
        { headers: { baggage, accept: expect.anything() } },
        { headers: { baggage, "content-type": { prefix: "application/grpc" } } },
      ],
      [
        { headers: { baggage }, method: { regex: "GET|HEAD|OPTIONS" } },
        { headers: { baggage }, method: { exact: "POST" }, uri: { exact: "/embed" } },
      ],
      [{ headers: { baggage } }],
      [
        { headers: { upgrade: { regex: "(?i)websocket" } } },
        { headers: { accept: expect.anything() } },
        { headers: { "content-type": { prefix: "application/grpc" } } },
      ],
      [{ method: { regex: "GET|HEAD|OPTIONS" } }, { method: { exact: "POST" }, uri: { exact: "/embed" } }],
      undefined,
    ]);
  });

  test("tell which of them repeat a POST on purpose", () => {
    expect(idempotenceAnnotation(routes, classes)).toEqual({
      "linly-mesh/idempotent-routes": "pinned-v1-idempotent,by-weight-idempotent",
    });
    expect(idempotenceAnnotation(routes, classesOf([]))).toEqual({});
  });
});
