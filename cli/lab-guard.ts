import type { StackFile } from "./stack-file.ts";

/** A request that the command line refuses, with what to do instead. Exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Only stacks marked `lab: true` are changed by this command; every other is for the Pulumi CLI. */
export function requireLab({ stack, path, mesh }: StackFile, verb: string): void {
  if (mesh.lab) return;
  const pulumiVerb = verb === "up" ? "up" : "destroy";
  throw new UsageError(
    `${path} is not marked "lab: true", so linly-mesh does not change its clusters. ` +
      `Use the Pulumi CLI: npx pulumi ${pulumiVerb} --stack ${stack}. (linly-mesh preview ${stack} works for every stack.)`,
  );
}

/** What is applied must be known: a secret that can't be decrypted here can only be previewed. */
export function requireOpened({ path, sealed }: StackFile): void {
  if (sealed.length === 0) return;
  throw new UsageError(
    `${path}: ${sealed.map((name) => `linly-mesh:secrets.${name}`).join(", ")} can't be decrypted here. ` +
      "Set PULUMI_CONFIG_PASSPHRASE to the stack's passphrase; a stack whose key lies elsewhere is for pulumi up.",
  );
}
