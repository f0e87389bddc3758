import { describe, expect, test } from "vitest";
import { codeBlock } from "../../cli/views/markdown.ts";
import type { Planned } from "../../cli/views/plan-changes.ts";
import { failureSection, previewSection, sectionLimit, type PreviewReport } from "../../cli/views/preview-section.ts";

const service: Planned = { kind: "object", title: "Service linly/llm-service", cluster: "main", inputs: {} };
const route: Planned = { kind: "object", title: "VirtualService linly/llm-service", cluster: "main", inputs: {} };

const report: PreviewReport = {
  stack: "prod",
  steps: [service, route],
  changes: undefined,
  violations: undefined,
  notRendered: [],
  diagram: undefined,
  cliOutput: undefined,
};

describe("the section of a stack", () => {
  test("without a base lists every object", () => {
    expect(previewSection(report)).toBe(`### prod

2 objects; no base to compare with.

<details><summary>All objects</summary>

\`\`\`text
Service linly/llm-service
VirtualService linly/llm-service
\`\`\`

</details>`);
  });

  test("says what changes, which policies fail, what is not rendered, what Pulumi says, and draws the mesh", () => {
    const text = previewSection({
      ...report,
      changes: {
        added: [service],
        removed: [{ ...service, title: "Service linly/old" }],
        changed: [
          {
            step: route,
            fields: [
              { path: "spec.http[0].route[1].weight", before: 10, after: 20 },
              { path: "metadata.labels", before: undefined, after: { a: "b" } },
            ],
          },
        ],
        unchanged: 41,
      },
      violations: [
        { policy: "images", level: "advisory", subject: "Deployment linly/llm-v1", message: "has no digest" },
        { policy: "weights", level: "mandatory", subject: "VirtualService linly/llm", message: "weights total 90" },
      ],
      notRendered: [{ release: "istio-system/istiod", reason: "no such host" }],
      diagram: "flowchart LR\n  a --> b",
      cliOutput: "Previewing update (prod)\n  2 to create",
    });
    expect(text).toBe(`### prod

**1 added, 1 changed, 1 removed**, 41 unchanged.

❌ Policies: 1 mandatory and 1 advisory violations.

\`\`\`diff
- weights (mandatory): VirtualService linly/llm
    weights total 90
! images (advisory): Deployment linly/llm-v1
    has no digest
\`\`\`

⚠️ 1 chart not rendered; what is in them is not shown here.

\`\`\`text
istio-system/istiod: no such host
\`\`\`

<details><summary>Changes</summary>

\`\`\`diff
- Service linly/old
! VirtualService linly/llm-service
    spec.http[0].route[1].weight: 10 → 20
    metadata.labels: (none) → {"a":"b"}
+ Service linly/llm-service
\`\`\`

</details>

<details><summary><code>pulumi preview</code></summary>

\`\`\`text
Previewing update (prod)
  2 to create
\`\`\`

</details>

<details><summary>The mesh</summary>

\`\`\`mermaid
flowchart LR
  a --> b
\`\`\`

</details>`);
  });

  test("of a stack that stays as it is has nothing to open", () => {
    const changes = { added: [], removed: [], changed: [], unchanged: 43 };
    expect(previewSection({ ...report, changes, violations: [] })).toBe(
      "### prod\n\nNothing changes: 43 objects as on the base branch.\n\n✅ Every policy is kept.",
    );
  });

  test("names the cluster where there are several", () => {
    const text = previewSection({ ...report, steps: [service, { ...service, cluster: "shanghai" }] });
    expect(text).toContain("Service linly/llm-service (main)\nService linly/llm-service (shanghai)");
  });

  test("keeps secrets as the marks they are", () => {
    const fields = [{ path: "data.token", before: "[secret]", after: "[unknown]" }];
    const changes = { added: [], removed: [], changed: [{ step: service, fields }], unchanged: 0 };
    expect(previewSection({ ...report, changes })).toContain("data.token: [secret] → [unknown]");
  });

  test("is never longer than its share of a comment, and says what was cut", () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
    const steps = many.map((title) => ({ ...service, title }));
    const text = previewSection({
      ...report,
      steps,
      violations: many.map((message) => ({ policy: "p", level: "mandatory", subject: "s", message })),
      notRendered: many.map((reason) => ({ release: "r", reason })),
      diagram: many.join("\n"),
      cliOutput: many.join("\n"),
    });
    expect(text.length).toBeLessThanOrEqual(sectionLimit);
    expect(text.length, "the room is used").toBeGreaterThan(sectionLimit * 0.8);
    expect(text.match(/… \d+ more lines: npx linly-mesh preview prod/g)).toHaveLength(4);
    expect(text).toContain("Too large for a comment");
    expect(text.split("\n").filter((line) => line.startsWith("```")).length % 2, "every block is closed").toBe(0);
  });
});

test("a failure is shown as it was told, within the limit", () => {
  expect(failureSection("prod", "stacks/Pulumi.prod.yaml has 1 problem:\n  mode is missing")).toBe(`### prod

❌ The preview failed.

\`\`\`text
stacks/Pulumi.prod.yaml has 1 problem:
  mode is missing
\`\`\``);
  expect(failureSection("prod", "x\n".repeat(50_000)).length).toBeLessThanOrEqual(sectionLimit);
});

describe("a code block", () => {
  test("can't be ended by what is in it", () => {
    expect(codeBlock({ language: "text", lines: ["```", "@everyone"], elsewhere: "" }, 100)).toBe(
      "````text\n```\n@everyone\n````",
    );
  });

  test("that is cut keeps its lines whole", () => {
    const block = { language: "text", lines: ["one", "two", "three".repeat(9)], elsewhere: "see there" };
    expect(codeBlock(block, 44)).toBe("```text\none\n… 2 more lines: see there\n```");
  });

  test("shortens a line that nobody would read", () => {
    const text = codeBlock({ language: "text", lines: ["x".repeat(1_000)], elsewhere: "" }, 2_000);
    expect(text).toBe(`\`\`\`text\n${"x".repeat(400)}…\n\`\`\``);
  });
});
