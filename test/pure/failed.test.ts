import { expect, test } from "vitest";
import { failedIn, type ReportedFile } from "../support/failed.ts";

const passed = { fullName: "a group passes", status: "passed", failureMessages: [] };
const skipped = { fullName: "a group is skipped", status: "skipped", failureMessages: [] };
const failed = {
  fullName: "a group fails",
  status: "failed",
  failureMessages: ["AssertionError: 1 is not 2\n    at x"],
};
const file = (given: Partial<ReportedFile>): ReportedFile => ({
  name: "/here/test/wire/a.test.ts",
  status: "failed",
  message: "",
  assertionResults: [],
  ...given,
});

test.each<[string, ReportedFile, string[]]>([
  ["a file that passed", file({ status: "passed", assertionResults: [passed, skipped] }), []],
  [
    "tests that failed",
    file({ assertionResults: [passed, failed, { ...failed, fullName: "another" }] }),
    [
      "test/wire/a.test.ts > a group fails: AssertionError: 1 is not 2",
      "test/wire/a.test.ts > another: AssertionError: 1 is not 2",
    ],
  ],
  [
    "a hook before all tests",
    file({ assertionResults: [skipped, skipped] }),
    ["test/wire/a.test.ts: a hook failed, as told above; tests skipped: 2"],
  ],
  ["a hook after them", file({ assertionResults: [passed] }), ["test/wire/a.test.ts: a hook failed, as told above"]],
  ["a file that can't be loaded", file({ message: "no such module\nmore" }), ["test/wire/a.test.ts: no such module"]],
])("%s: told so", (_, given, told) => {
  expect(failedIn([given], "/here")).toEqual(told);
});
