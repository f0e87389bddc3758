import { createDecipheriv, pbkdf2Sync } from "node:crypto";

/*
 * How the Pulumi CLI encrypts `secure:` values with a passphrase: AES-256-GCM under a key that PBKDF2 makes of the
 * passphrase and the stack's `encryptionsalt`. The salt comes with the encrypted word "pulumi", by which a passphrase is
 * told to be right.
 */
const rounds = 1_000_000;
const keyBytes = 32;
const tagBytes = 16;
const proof = "pulumi";

/** Opens the `secure:` values of one stack file. */
export interface Opener {
  /** The value in clear; undefined when it was not encrypted with this key. */
  open(secure: string): string | undefined;
}

/**
 * What opens a stack's values with a passphrase; undefined when the passphrase is not the stack's.
 *
 * @param encryptionSalt as the stack file holds it: `v1:<salt>:v1:<nonce>:<text>`
 */
export function openerOf(passphrase: string, encryptionSalt: string): Opener | undefined {
  const [version, salt, ...check] = encryptionSalt.split(":");
  if (version !== "v1" || salt === undefined) return undefined;
  const key = pbkdf2Sync(passphrase, Buffer.from(salt, "base64"), rounds, keyBytes, "sha256");
  return decrypted(key, check.join(":")) === proof ? { open: (secure) => decrypted(key, secure) } : undefined;
}

function decrypted(key: Buffer, secure: string): string | undefined {
  const [version, nonce, text, ...rest] = secure.split(":");
  if (version !== "v1" || nonce === undefined || text === undefined || rest.length > 0) return undefined;
  const sealed = Buffer.from(text, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString("utf8");
  } catch {
    // A wrong key, or a value that was changed: authenticated encryption does not tell them apart.
    return undefined;
  }
}
