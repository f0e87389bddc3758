import { createHmac, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from "node:crypto";

/** Tokens as issuers of users make them, and as others would like to. */

export type Algorithm = "RS256" | "ES256";

/** A key pair of an issuer. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  /** The public half, as an issuer serves it. */
  readonly jwk: JsonWebKey;
  /** The same as text, which whoever confuses algorithms takes for a shared secret. */
  readonly pem: string;
}

export function newKey(kid: string, alg: Algorithm): SigningKey {
  const { publicKey, privateKey } =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  return { kid, alg, privateKey, jwk, pem: publicKey.export({ format: "pem", type: "spki" }).toString() };
}

export type Claims = Readonly<Record<string, unknown>>;

/** A token with these claims. */
export function token(key: SigningKey, claims: Claims): string {
  const content = unsigned({ alg: key.alg, kid: key.kid, typ: "JWT" }, claims);
  const how = key.alg === "RS256" ? key.privateKey : { key: key.privateKey, dsaEncoding: "ieee-p1363" as const };
  return `${content}.${sign("sha256", Buffer.from(content), how).toString("base64url")}`;
}

/** A token that says it needs no signature. */
export function tokenOfNone(key: SigningKey, claims: Claims): string {
  return `${unsigned({ alg: "none", kid: key.kid, typ: "JWT" }, claims)}.`;
}

/** A token whose signature is made of the public key alone: by a verifier that takes it for a shared secret it would be right. */
export function tokenOfConfusion(key: SigningKey, claims: Claims): string {
  const content = unsigned({ alg: "HS256", kid: key.kid, typ: "JWT" }, claims);
  return `${content}.${createHmac("sha256", key.pem).update(content).digest("base64url")}`;
}

function unsigned(header: object, claims: Claims): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}
