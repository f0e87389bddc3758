import { expect, test } from "vitest";
import { caseNamed } from "../../bench/cases.ts";
import { needsOf } from "../support/needs.ts";

/** What is there once in a cluster, and therefore comes after something of each service. */
const once = /AuthorizationPolicy \S+-allow-nothing$/;

test("what a service waits for does not grow with the services beside it", async () => {
  const [few, many] = await Promise.all(["4 services", "12 services"].map((name) => needsOf(caseNamed(name))));
  if (few === undefined || many === undefined) throw new Error("two previews were asked for");
  const counts = (needs: ReadonlyMap<string, readonly string[]>) =>
    [...few.keys()].filter((name) => !once.test(name)).map((name) => [name, needs.get(name)?.length]);
  expect(few.size).toBeGreaterThan(40);
  expect(counts(many)).toEqual(counts(few));
  // The control: what does grow is told.
  const [closed] = [...few.keys()].filter((name) => once.test(name));
  expect(many.get(closed ?? "")?.length).toBeGreaterThan(few.get(closed ?? "")?.length ?? Number.NaN);
});
