import { at, isObject } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";

/*
 * How the SDK writes what JSON has no word for (see @pulumi/pulumi/runtime/rpc.js): an unknown value is one particular
 * string, a secret is an object under a signature. Values keep this form from the program to the point of use.
 */

/** The mark of an unknown value, as it travels between program and engine. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const assetSignatures = ["c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"];

/** What stands for a secret, and for what only a real run can know, wherever a value is shown. */
export const shownSecret = "[secret]";
export const shownUnknown = "[unknown]";

export function secret(value: Json): JsonObject {
  return { [signature]: secretSignature, value };
}

export function isSecret(value: Json | undefined): value is JsonObject {
  return at(value, signature) === secretSignature;
}

export function isUnknown(value: Json | undefined): boolean {
  return value === unknownValue || (isSecret(value) && value["value"] === unknownValue);
}

export function hasAsset(value: Json): boolean {
  return some(value, (part) => assetSignatures.some((known) => at(part, signature) === known));
}

export function hasUnknown(value: Json): boolean {
  return some(value, (part) => part === unknownValue);
}

function some(value: Json, test: (part: Json) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((item) => some(item, test));
  return isObject(value) && Object.values(value).some((member) => some(member, test));
}

/** The value itself, secrets in clear: for the API server and helm, never for people. */
export function revealed(value: Json): Json {
  if (isSecret(value)) return revealed(value["value"] ?? null);
  if (Array.isArray(value)) return value.map(revealed);
  return isObject(value) ? revealedObject(value) : value;
}

export function revealedObject(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revealed(member)]));
}

/** The value as people may see it: each leaf of a secret and each unknown is a mark. */
export function masked(value: Json, insideSecret = false): Json {
  if (isSecret(value)) return masked(value["value"] ?? null, true);
  if (Array.isArray(value)) return value.map((item) => masked(item, insideSecret));
  if (isObject(value)) return maskedObject(value, insideSecret);
  if (value === unknownValue) return shownUnknown;
  return insideSecret && value !== null ? shownSecret : value;
}

export function maskedObject(value: JsonObject, insideSecret = false): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member, insideSecret)]));
}

/** Every text and number inside a secret. */
export function secretLeaves(value: Json, insideSecret = false): string[] {
  if (isSecret(value)) return secretLeaves(value["value"] ?? null, true);
  if (Array.isArray(value)) return value.flatMap((item) => secretLeaves(item, insideSecret));
  if (isObject(value)) return Object.values(value).flatMap((member) => secretLeaves(member, insideSecret));
  if (!insideSecret || value === null || typeof value === "boolean" || value === unknownValue) return [];
  return [String(value)];
}

/** `live` with those parts marked secret that are secret in `inputs`. */
export function withSecretsOf(inputs: Json | undefined, live: Json): Json {
  if (inputs === undefined) return live;
  if (isSecret(inputs)) return secret(live);
  if (Array.isArray(inputs) && Array.isArray(live)) {
    return live.map((item, index) => withSecretsOf(inputs[index], item));
  }
  if (isObject(inputs) && isObject(live)) {
    return Object.fromEntries(Object.entries(live).map(([key, member]) => [key, withSecretsOf(inputs[key], member)]));
  }
  return live;
}
