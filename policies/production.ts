import type { PolicyConfigSchema } from "@pulumi/policy";

/** Configuration of the rules that hold in production only. */
export interface ProductionConfig {
  /** Whether the stack is production; `auto`, the default, says so for stacks whose name begins with `prod`. */
  readonly production?: "auto" | boolean;
}

export const configSchema: PolicyConfigSchema = {
  properties: {
    production: {
      type: ["string", "boolean"],
      enum: ["auto", true, false],
      default: "auto",
      description: 'Whether the stack is production; "auto" says so for stacks whose name begins with "prod".',
    },
  },
};

/** Whether a resource is one of production: `urn:pulumi:<stack>::…`. */
export function isProduction(urn: string, { production = "auto" }: ProductionConfig): boolean {
  return production === "auto" ? urn.startsWith("urn:pulumi:prod") : production;
}
