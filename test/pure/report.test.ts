import { expect, test } from "vitest";
import { textReporter, type Event, type Step } from "../../engine/report.ts";

const step: Omit<Step, "outcome"> = {
  urn: "urn:pulumi:s::p::t::n",
  type: "kubernetes:apps/v1:Deployment",
  name: "n",
  kind: "object",
  parent: "",
  cluster: "east",
  title: "Deployment linly/llm",
  inputs: {},
};
const events: Event[] = [
  { type: "done", step: { ...step, outcome: "create" }, seconds: 3.21 },
  { type: "done", step: { ...step, outcome: "same" }, seconds: 1 },
  { type: "waiting", cluster: "east", title: "Deployment linly/llm", reason: "0 of 1 pods are ready" },
  { type: "log", severity: "warning", text: "said of no cluster", urn: "" },
];

test.each([
  [
    "one cluster",
    false,
    [
      "+ Deployment linly/llm  created  3.2 s",
      "  Deployment linly/llm  unchanged",
      "  Deployment linly/llm  waiting: 0 of 1 pods are ready",
      "warning: said of no cluster",
    ],
  ],
  [
    "several",
    true,
    [
      "+ east: Deployment linly/llm  created  3.2 s",
      "  east: Deployment linly/llm  unchanged",
      "  east: Deployment linly/llm  waiting: 0 of 1 pods are ready",
      "warning: said of no cluster",
    ],
  ],
])("what a run tells of %s", (_, severalClusters, expected) => {
  const lines: string[] = [];
  const report = textReporter((line) => lines.push(line), { severalClusters });
  for (const event of events) report(event);
  expect(lines).toEqual(expected);
});
