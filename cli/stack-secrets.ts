import { z } from "zod";
import { type Fault } from "../config/faults.ts";
import { secretsSchema } from "../config/schema/secrets.ts";
import { unknownValue } from "../engine/program/values.ts";
import { openerOf, type Opener } from "./secure.ts";

/** The secrets of a stack file: texts by name, and which of them could not be decrypted here. */
export interface StackSecrets {
  /** Those that could not be decrypted hold the mark of an unknown value, which a preview carries on. */
  readonly values: Readonly<Record<string, string>>;
  readonly sealed: readonly string[];
  /** Those that the file names, rightly or not; undefined where it does not tell. */
  readonly names: readonly string[] | undefined;
  readonly faults: readonly Fault[];
}

const sealedValue = z.strictObject({ secure: z.string() });

/**
 * Reads `linly-mesh:secrets`.
 *
 * @param encryptionSalt of the stack file, where its secrets are encrypted with a passphrase
 */
export function readSecrets(
  raw: unknown,
  encryptionSalt: string | undefined,
  passphrase: string | undefined,
): StackSecrets {
  const faults: Fault[] = [];
  const values: Record<string, string> = {};
  const sealed: string[] = [];
  if (sealedValue.safeParse(raw).success) {
    const message = `is encrypted as a whole; remove it, and encrypt each secret by itself: ${commandFor("NAME")}`;
    return { values, sealed, names: undefined, faults: [{ path: key, message }] };
  }
  const given = z.record(z.string(), z.unknown()).safeParse(raw ?? {});
  if (!given.success)
    return {
      values,
      sealed,
      names: undefined,
      faults: [{ path: key, message: "is not a mapping of names to secrets" }],
    };
  const entries = Object.entries(given.data);
  const opener = entries.length > 0 ? openerFor(encryptionSalt, passphrase) : undefined;
  for (const [name, value] of entries) {
    const found = sealedValue.safeParse(value);
    if (!found.success) {
      faults.push({ path: `${key}.${name}`, message: `is in clear; encrypt it: ${commandFor(name)}` });
      continue;
    }
    const text = opener?.open(found.data.secure);
    if (text === undefined) sealed.push(name);
    values[name] = text ?? unknownValue;
  }
  const checked = secretsSchema.safeParse(values);
  for (const issue of checked.error?.issues ?? [])
    faults.push({ path: [key, ...issue.path.map(String)].join("."), message: messageOf(issue) });
  return { values, sealed, names: Object.keys(given.data), faults };
}

const key = "linly-mesh:secrets";

function commandFor(name: string): string {
  return `pulumi config set --secret --path '${key}.${name}'`;
}

function messageOf(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

function openerFor(encryptionSalt: string | undefined, passphrase: string | undefined): Opener | undefined {
  if (encryptionSalt === undefined || passphrase === undefined) return undefined;
  return openerOf(passphrase, encryptionSalt);
}
