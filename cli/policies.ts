import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { messageOf } from "../engine/errors.ts";
import type { PolicyPack } from "../engine/index.ts";
import { collected } from "./collected.ts";
import { UsageError } from "./lab-guard.ts";
import { projectDir } from "./project.ts";

/** What a command is told of policies, as the Pulumi CLI is. */
export interface PolicyOptions {
  readonly policyPack?: readonly string[];
  readonly policyPackConfig?: readonly string[];
}

/** Gives a command `--policy-pack` and `--policy-pack-config`. */
export function withPolicyOptions(command: Command): Command {
  return command
    .option(
      "--policy-pack <dir>",
      "hold the stack to this policy pack instead of policies/; may be repeated",
      collected,
    )
    .option("--policy-pack-config <file>", "JSON with levels and values for the pack in the same place", collected);
}

/** The packs that a stack is held to: the project's own where none is named. */
export function policyPacksOf({ policyPack = [], policyPackConfig = [] }: PolicyOptions): PolicyPack[] {
  const dirs = policyPack.length === 0 ? [join(projectDir, "policies")] : policyPack.map((dir) => resolve(dir));
  if (policyPackConfig.length > dirs.length) {
    throw new UsageError(
      `there are ${policyPackConfig.length} --policy-pack-config for ${dirs.length} policy packs; give at most one for each`,
    );
  }
  return dirs.map((dir, index) => {
    const file = policyPackConfig[index];
    return file === undefined ? { dir } : { dir, config: readConfig(file) };
  });
}

function readConfig(file: string): NonNullable<PolicyPack["config"]> {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new UsageError(`--policy-pack-config ${file} is no JSON object of policies: ${messageOf(error)}`);
  }
}
