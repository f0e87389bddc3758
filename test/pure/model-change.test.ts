import { expect, test } from "vitest";
import type { NamedRoute } from "../../components/istio/objects.ts";
import { withCopies } from "../../components/traffic/mirror.ts";
import { modelChangeClasses } from "../../components/traffic/model-change.ts";
import { byClass, requestClasses } from "../../components/traffic/request-classes.ts";
import { retries } from "../../config/schema/retries.ts";
import type { Route } from "../../services/engine.ts";
import { engines } from "../../services/engines/index.ts";

const work: Route = { method: "POST", path: "/generate", idempotent: false, purpose: "work", streams: false };
const change: Route = { ...work, path: "/change_model/", purpose: "admin" };
const upload: Route = { ...change, path: "/upload" };
const untouched = { attempts: 2, retryOn: "connect-failure,refused-stream,reset-before-request" };

function classesOf(routes: readonly Route[], { startup = 900, realtime = 30, written = {} } = {}) {
  const about = { routes, repeatable: [], retries: retries.parse(written), timeout: `${realtime}s` as const };
  const classes = requestClasses(about);
  return { classes, modelChange: modelChangeClasses({ routes, classes, namespace: "admin", startup, realtime }) };
}

test.each<[string, Parameters<typeof classesOf>[1], object]>([
  ["as long as a replica may take to start", {}, { timeout: "900s", retries: untouched }],
  ["as long as its other requests, where that is longer", { realtime: 1200 }, { timeout: "1200s", retries: untouched }],
  ["no further try, where nothing is tried again", { written: { attempts: 0 } }, { retries: { attempts: 0 } }],
])("what changes a model has %s", (_, given, policy) => {
  expect(classesOf([work, change], given).modelChange).toMatchObject([{ name: "model-change", policy }]);
});

test("it is told by exact method and path, to the sidecars of the uploader's namespace alone", () => {
  expect(classesOf([work, change, upload]).modelChange.map(({ match }) => match)).toEqual([
    ["/change_model/", "/upload"].map((path) => ({
      method: { exact: "POST" },
      uri: { exact: path },
      sourceNamespace: "admin",
    })),
  ]);
});

test("an engine without such a route has no such class", () => {
  expect(classesOf([work]).modelChange).toEqual([]);
});

test("no engine's model change streams, or is a read: nothing has less time than its model", () => {
  const changes = Object.values(engines)
    .flatMap(({ routes }) => routes)
    .filter(({ purpose }) => purpose === "admin");
  expect(changes.length).toBeGreaterThan(0);
  expect(changes.filter(({ streams, method }) => streams || method !== "POST")).toEqual([]);
});

test("of routes that are copied to a shadow its own comes first, and copies nothing", () => {
  const mirrors = [{ destination: { host: "tts", subset: "next" }, percentage: { value: 100 } }];
  const byWeight: NamedRoute = { name: "by-weight", route: [{ destination: { host: "tts", subset: "v1" } }] };
  const { classes, modelChange } = classesOf([work, change]);
  const routes = byClass(withCopies([byWeight], { mirrors }), [...modelChange, ...classes]);
  const copying = (which: string) => routes.find(({ name }) => name === which)?.mirrors !== undefined;
  expect(routes[0]?.name).toBe("by-weight-copied-model-change");
  expect([copying("by-weight-copied-model-change"), copying("by-weight-copied")]).toEqual([false, true]);
  expect(routes.map(({ name }) => name)).toContain("by-weight-model-change");
});
