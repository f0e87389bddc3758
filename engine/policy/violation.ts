import { EngineFaults } from "../errors.ts";
import type { Plan } from "../preview.ts";
import type { Redactor } from "../program/redactor.ts";

/** What a policy found wrong. Its texts are free of secrets. */
export interface Violation {
  readonly pack: string;
  readonly policy: string;
  /** Mandatory ones stop a preview and an update, advisory ones are only told. */
  readonly level: "mandatory" | "advisory";
  /** What the policy asks in general. */
  readonly description: string;
  /** What was found here, and what would be right. */
  readonly message: string;
  /** URN of the resource; empty where the stack as a whole is meant. */
  readonly urn: string;
}

/** Mandatory policies are violated: each is one fault. */
export class PolicyViolations extends EngineFaults {
  override name = "PolicyViolations";
  /** What was asked for, with all violations, advisory ones too; undefined once it is being applied. */
  readonly plan: Plan | undefined;

  constructor(mandatory: readonly Violation[], plan: Plan | undefined) {
    super(mandatory.map(textOf));
    this.plan = plan;
  }
}

export function textOf({ policy, message }: Violation): string {
  return `policy ${policy}: ${message}`;
}

/** Without the secrets that a policy may have quoted. */
export function cleaned(violation: Violation, redactor: Redactor): Violation {
  return { ...violation, message: redactor.clean(violation.message) };
}

/** Mandatory ones first, then by policy and text: resources are registered in another order each time. */
export function violationsInOrder(violations: readonly Violation[]): Violation[] {
  const key = ({ level, pack, policy, message, urn }: Violation) =>
    [level === "mandatory" ? "0" : "1", pack, policy, message, urn].join("\n");
  return [...new Map(violations.map((violation) => [key(violation), violation]))]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, violation]) => violation);
}

/** @throws PolicyViolations when any of them is mandatory */
export function refuseMandatory(violations: readonly Violation[], plan?: Plan): void {
  const mandatory = violations.filter(({ level }) => level === "mandatory");
  if (mandatory.length > 0) throw new PolicyViolations(mandatory, plan);
}
