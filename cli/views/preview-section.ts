import type { Json, Rendered } from "../../engine/index.ts";
import { codeBlock, collapsed } from "./markdown.ts";
import { inClusters, type PlanChanges, type Planned } from "./plan-changes.ts";

/** A policy that the program does not keep to. */
export interface Violation {
  readonly policy: string;
  readonly level: "mandatory" | "advisory";
  /** What it is about: `DestinationRule linly/llm-service`; the stack where it is about all of it. */
  readonly subject: string;
  readonly message: string;
}

/** What a reviewer is to know of one stack. */
export interface PreviewReport {
  readonly stack: string;
  readonly steps: readonly Planned[];
  /** Against the plan of the base branch; undefined where there is none to compare with. */
  readonly changes: PlanChanges | undefined;
  /** Undefined where no policy was asked. */
  readonly violations: readonly Violation[] | undefined;
  /** Charts whose objects nobody has seen. */
  readonly notRendered: Rendered["notRendered"];
  /** The mesh as Mermaid draws it. */
  readonly diagram: string | undefined;
  /** What the Pulumi CLI's own preview printed. */
  readonly cliOutput: string | undefined;
}

/**
 * Characters of one stack's section. GitHub takes 65,536 for a comment: four stacks fit, and the comment's own lines.
 */
export const sectionLimit = 16_000;

/* The picture, and what is said in sentences, are short; the lists get what they leave. */
const ownLines = 600;
const violationsRoom = 4_000;
const warningsRoom = 1_500;
const meshRoom = 4_000;

/** The section of a pull request's comment about one stack, at most `sectionLimit` characters long. */
export function previewSection(report: PreviewReport): string {
  const { stack, violations, notRendered, diagram, cliOutput } = report;
  const elsewhere = `npx linly-mesh preview ${stack}`;
  const parts = [`### ${stack}`, summaryOf(report)];
  if (violations !== undefined) parts.push(...policies(violations, elsewhere));
  if (notRendered.length > 0) {
    const lines = notRendered.map(({ release, reason }) => `${release}: ${reason}`).flatMap((text) => text.split("\n"));
    parts.push(`⚠️ ${counted(notRendered.length, "chart")} not rendered; what is in them is not shown here.`);
    parts.push(codeBlock({ language: "text", lines, elsewhere: `${elsewhere} --strict` }, warningsRoom));
  }
  const mesh = diagram === undefined ? [] : [collapsed("The mesh", picture(diagram, elsewhere))];
  const used = [...parts, ...mesh].join("\n\n").length + ownLines;
  const lists = [listOf(report), ...(cliOutput === undefined ? [] : [{ ...cliList, lines: cliOutput.split("\n") }])];
  const room = Math.floor((sectionLimit - used) / lists.length);
  const shown = lists
    .filter(({ lines }) => lines.length > 0)
    .map(({ summary, language, lines }) => collapsed(summary, codeBlock({ language, lines, elsewhere }, room)));
  return [...parts, ...shown, ...mesh].join("\n\n");
}

/** The section about a stack whose preview failed. */
export function failureSection(stack: string, message: string): string {
  const block = { language: "text", lines: message.split("\n"), elsewhere: `npx linly-mesh preview ${stack}` };
  return `### ${stack}\n\n❌ The preview failed.\n\n${codeBlock(block, sectionLimit - ownLines)}`;
}

const cliList = { summary: "<code>pulumi preview</code>", language: "text" };

function summaryOf({ steps, changes }: PreviewReport): string {
  if (changes === undefined) return `${counted(inClusters(steps).length, "object")}; no base to compare with.`;
  const { added, removed, changed, unchanged } = changes;
  if (added.length + removed.length + changed.length === 0) {
    return `Nothing changes: ${counted(unchanged, "object")} as on the base branch.`;
  }
  const counts = [`${added.length} added`, `${changed.length} changed`, `${removed.length} removed`];
  return `**${counts.join(", ")}**, ${unchanged} unchanged.`;
}

function policies(violations: readonly Violation[], elsewhere: string): string[] {
  if (violations.length === 0) return ["✅ Every policy is kept."];
  const mandatory = violations.filter(({ level }) => level === "mandatory");
  const advisory = violations.filter(({ level }) => level === "advisory");
  const lines = [...mandatory, ...advisory].flatMap(({ policy, level, subject, message }) => [
    `${level === "mandatory" ? "-" : "!"} ${policy} (${level}): ${subject}`,
    ...message.split("\n").map((line) => `    ${line}`),
  ]);
  const sign = mandatory.length > 0 ? "❌" : "⚠️";
  return [
    `${sign} Policies: ${mandatory.length} mandatory and ${advisory.length} advisory violations.`,
    codeBlock({ language: "diff", lines, elsewhere }, violationsRoom),
  ];
}

/** A drawing can't be cut: it is there whole or not at all. */
function picture(diagram: string, elsewhere: string): string {
  const block = { language: "mermaid", lines: diagram.split("\n"), elsewhere };
  const whole = codeBlock(block, Number.POSITIVE_INFINITY);
  return whole.length <= meshRoom ? whole : `Too large for a comment: the output \`diagram\` of ${elsewhere} has it.`;
}

function listOf({ steps, changes }: PreviewReport): { summary: string; language: string; lines: string[] } {
  const objects = inClusters(steps);
  const clusters = new Set(objects.map(({ cluster }) => cluster));
  const called = ({ title, cluster }: Planned) =>
    clusters.size < 2 || cluster === undefined ? title : `${title} (${cluster})`;
  if (changes === undefined) {
    return { summary: "All objects", language: "text", lines: objects.map(called) };
  }
  const changed = changes.changed.flatMap(({ step, fields }) => [
    `! ${called(step)}`,
    ...fields.map(({ path, before, after }) => `    ${path}: ${shown(before)} → ${shown(after)}`),
  ]);
  const lines = [
    ...changes.removed.map((step) => `- ${called(step)}`),
    ...changed,
    ...changes.added.map((step) => `+ ${called(step)}`),
  ];
  return { summary: "Changes", language: "diff", lines };
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "(none)";
  const text = typeof value === "string" ? value.replaceAll("\n", "⏎") : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
