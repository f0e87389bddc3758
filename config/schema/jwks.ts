import { createPublicKey } from "node:crypto";
import { z } from "zod";

/** A set of public keys (RFC 7517), as it stands in a stack file: a mapping, or the text of one. */

const member = z.string().optional().catch(undefined);
/** Base64url without padding, as Envoy reads numbers. */
const number = z
  .string()
  .regex(/^[\w-]+$/)
  .optional()
  .catch(undefined);
const shapeOfKey = z.looseObject({
  ...{ kty: member, kid: member, alg: member, crv: member, use: member },
  ...{ n: number, e: number, x: number, y: number },
});
type Key = z.output<typeof shapeOfKey>;
const shapeOfSet = z.looseObject({ keys: z.array(shapeOfKey) });

const expected =
  'a JWKS, { keys: [{ kty: RSA, kid: "…", n: "…", e: AQAB }] }, as a mapping or as the text that the issuer serves';

/** Members that make a key one to sign with, of whichever kind. */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Algorithms by which Envoy checks a signature, by kind of key; each curve has its own. */
const rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const curves: Readonly<Record<string, string>> = {
  "P-256": "ES256",
  "P-384": "ES384",
  "P-521": "ES512",
  Ed25519: "EdDSA",
};

/** Shortest RSA key that is taken, in bits: RFC 7518 asks for it. */
const leastModulus = 2048;

/**
 * As strict as Envoy, which takes no listener at all with keys that it cannot read. Every message leaves out what it found:
 * that may be a secret.
 */
export const jwks = z
  .union([z.string(), z.record(z.string(), z.unknown())], { error: `must be ${expected}` })
  .superRefine((value, context) => {
    for (const message of faultsOf(value)) context.addIssue({ code: "custom", message });
  })
  .meta({ title: expected });

export type Jwks = z.output<typeof jwks>;

/** The set as one line of JSON, as Istio takes it. */
export function jwksText(value: Jwks): string {
  return JSON.stringify(contentOf(value));
}

function contentOf(value: Jwks): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function faultsOf(value: Jwks): string[] {
  const { success, data } = shapeOfSet.safeParse(contentOf(value));
  if (!success) return [`must be ${expected}`];
  const { keys } = data;
  if (keys.length === 0) return ["must hold at least one key; without any every token is refused"];
  const ids = keys.flatMap(({ kid }) => kid ?? []);
  const twice = [...new Set(ids.filter((kid, index) => ids.indexOf(kid) < index))];
  return [
    ...keys.flatMap((key, index) => faultsOfKey(key).map((message) => `${nameOf(key, index)} ${message}`)),
    ...twice.map((kid) => `two keys have the kid ${JSON.stringify(kid)}; a token names its key by it`),
  ];
}

function nameOf({ kid }: Key, index: number): string {
  return kid === undefined ? `keys[${index}]` : `keys[${index}] (kid ${JSON.stringify(kid)})`;
}

function faultsOfKey(key: Key): string[] {
  const secret = privateMembers.filter((name) => key[name] !== undefined);
  if (secret.length > 0 || key.kty === "oct") {
    const held = secret.length > 0 ? `members of a private or shared key (${secret.join(", ")})` : "a shared key";
    return [`holds ${held}: leave it out, and make a new one, since a stack file has no secrets in clear`];
  }
  const faults: string[] = [];
  if (key.kid === undefined || key.kid === "")
    faults.push("has no kid, by which a token names its key while two are in force");
  const usable = key.kty === "RSA" ? rsa : [curves[key.crv ?? ""] ?? "none"];
  if (key.use === "enc" || (key.alg !== undefined && !usable.includes(key.alg))) {
    const meant = key.alg === undefined ? "" : ` (alg ${JSON.stringify(key.alg)})`;
    return [...faults, `is no key by which Envoy checks signatures${meant}; leave it out`];
  }
  const bits = modulusOf(key);
  if (bits === undefined)
    faults.push(
      "cannot be read as a public key; kty is RSA, EC or OKP, with the members of each and a curve that Envoy knows",
    );
  else if (bits < leastModulus) faults.push(`has ${bits} bits; an RSA key that holds has at least ${leastModulus}`);
  return faults;
}

/** The length of an RSA key in bits, infinite for a key of another kind; undefined for what is no key. */
function modulusOf({ kty, crv, n, e, x, y }: Key): number | undefined {
  if (kty !== "RSA" && curves[crv ?? ""] === undefined) return undefined;
  const members = Object.fromEntries(
    Object.entries({ kty, crv, n, e, x, y }).filter(([, value]) => value !== undefined),
  );
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: members, format: "jwk" });
    return asymmetricKeyDetails?.modulusLength ?? Number.POSITIVE_INFINITY;
  } catch {
    return undefined;
  }
}
