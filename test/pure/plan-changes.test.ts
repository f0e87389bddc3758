import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../engine/index.ts";
import { changesBetween, type Planned } from "../../cli/views/plan-changes.ts";

function object(title: string, inputs: JsonObject, cluster = "main"): Planned {
  return { kind: "object", title, cluster, inputs };
}

function fields(before: JsonObject, after: JsonObject): string[] {
  const { changed } = changesBetween([object("Thing a/b", before)], [object("Thing a/b", after)]);
  return changed.flatMap(({ fields }) =>
    fields.map(({ path, before, after }) => `${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`),
  );
}

describe("objects", () => {
  test("are added, removed, changed or the same", () => {
    const before = [
      object("Service x/gone", {}),
      object("Service x/same", { a: 1 }),
      object("Service x/other", { a: 1 }),
    ];
    const after = [
      object("Service x/same", { a: 1 }),
      object("Service x/other", { a: 2 }),
      object("Service x/new", {}),
    ];
    const changes = changesBetween(before, after);
    expect(changes.added.map(({ title }) => title)).toEqual(["Service x/new"]);
    expect(changes.removed.map(({ title }) => title)).toEqual(["Service x/gone"]);
    expect(changes.changed.map(({ step }) => step.title)).toEqual(["Service x/other"]);
    expect(changes.unchanged).toBe(1);
  });

  test("of the same name in two clusters are two", () => {
    const changes = changesBetween([object("Service x/a", {}, "beijing")], [object("Service x/a", {}, "shanghai")]);
    expect([changes.added.length, changes.removed.length, changes.unchanged]).toEqual([1, 1, 0]);
  });

  test("are what is in a cluster: the stack, components and providers are not", () => {
    const component: Planned = { kind: "component", title: "component", inputs: {} };
    expect(changesBetween([], [component])).toEqual({ added: [], removed: [], changed: [], unchanged: 0 });
  });
});

test.each<[string, JsonObject, JsonObject, string[]]>([
  ["the same, in another order", { a: 1, b: 2 }, { b: 2, a: 1 }, []],
  ["a value", { spec: { replicas: 1 } }, { spec: { replicas: 2 } }, ["spec.replicas: 1 → 2"]],
  ["a member more", { spec: {} }, { spec: { a: { b: 1 } } }, ['spec.a: undefined → {"b":1}']],
  ["a member less", { spec: { a: null } }, { spec: {} }, ["spec.a: null → undefined"]],
  ["a list by position", { a: [1, 2] }, { a: [1, 3, 4] }, ["a[1]: 2 → 3", "a[2]: undefined → 4"]],
  [
    "a list by name, whatever the order",
    {
      a: [
        { name: "x", v: 1 },
        { name: "y", v: 1 },
      ],
    },
    {
      a: [
        { name: "y", v: 2 },
        { name: "x", v: 1 },
      ],
    },
    ["a[y].v: 1 → 2"],
  ],
  [
    "an item in front of named ones",
    { a: [{ name: "x", v: 1 }] },
    { a: [{ name: "w" }, { name: "x", v: 1 }] },
    ['a[w]: undefined → {"name":"w"}'],
  ],
  [
    "names that are there twice count for nothing",
    {
      a: [
        { name: "x", v: 1 },
        { name: "x", v: 2 },
      ],
    },
    {
      a: [
        { name: "x", v: 1 },
        { name: "x", v: 3 },
      ],
    },
    ["a[1].v: 2 → 3"],
  ],
  ["another type", { a: [1] }, { a: { b: 1 } }, ['a: [1] → {"b":1}']],
])("fields: %s", (_, before, after, expected) => {
  expect(fields(before, after)).toEqual(expected);
});
