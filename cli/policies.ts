import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { messageOf } from "../engine/errors.ts";
import type { PolicyPack } from "../engine/index.ts";
import { collected } from "./collected.ts";
import { UsageError } from "./lab-guard.ts";
import { projectDir } from "./project.ts";

/** By which the Pulumi CLI, too, knows a pack. */
const packFile = "PulumiPolicy.yaml";

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
  const faults = policyPack.flatMap((dir) => packFault(dir) ?? []);
  if (faults.length > 0) throw new UsageError(faults.join("\n"));
  return dirs.map((dir, index) => {
    const file = policyPackConfig[index];
    return file === undefined ? { dir } : { dir, config: readConfig(file) };
  });
}

/** Why a folder that was named can't be run as a policy pack; undefined where it looks like one. */
function packFault(dir: string): string | undefined {
  const found = statSync(resolve(dir), { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) return `--policy-pack ${dir}: there is no such folder`;
  if (existsSync(join(resolve(dir), packFile))) return undefined;
  return `--policy-pack ${dir} is no policy pack: it has no ${packFile}`;
}

function readConfig(file: string): NonNullable<PolicyPack["config"]> {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new UsageError(`--policy-pack-config ${file} is no JSON object of policies: ${messageOf(error)}`);
  }
}
