import { UnknownValueError } from "@pulumi/policy";

/** Stands for a value that only a real run can tell. */
export const unknown: unique symbol = Symbol("unknown");

/** JSON with unknown parts. */
export type Value = null | boolean | number | string | typeof unknown | readonly Value[] | ValueObject;
export interface ValueObject {
  readonly [key: string]: Value;
}

export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === "object" && value !== null && !isList(value);
}

function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** A resource's properties as values. The SDK throws where an unknown one is read: that part becomes `unknown`. */
export function valuesOf(properties: object): ValueObject {
  return Object.fromEntries(
    Object.keys(properties).flatMap((key) => {
      const member = read(properties, key);
      return member === undefined ? [] : [[key, member]];
    }),
  );
}

function read(holder: object, key: string): Value | undefined {
  try {
    return valueOf(Reflect.get(holder, key));
  } catch (error) {
    if (error instanceof UnknownValueError) return unknown;
    throw error;
  }
}

function valueOf(given: unknown): Value | undefined {
  if (given === null || typeof given === "boolean" || typeof given === "number" || typeof given === "string") {
    return given;
  }
  if (Array.isArray(given)) return Array.from(given.keys(), (index) => read(given, String(index)) ?? null);
  return typeof given === "object" ? valuesOf(given) : undefined;
}

/** The value at a path; undefined where there is none, `unknown` where that can't be told yet. */
export function at(value: Value | undefined, ...path: readonly (string | number)[]): Value | undefined {
  let here: Value | undefined = value;
  for (const step of path) {
    if (here === unknown) return unknown;
    if (typeof step === "number") here = isList(here) ? here[step] : undefined;
    else here = isObject(here) ? here[step] : undefined;
  }
  return here ?? undefined;
}

/** The text at a path; undefined where there is none or it is unknown. */
export function textAt(value: Value | undefined, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** The items of the list at a path; none where there is no list or it is unknown. */
export function listAt(value: Value | undefined, ...path: readonly (string | number)[]): readonly Value[] {
  const found = at(value, ...path);
  return isList(found) ? found : [];
}

/** The members of the object at a path; none where there is no object or it is unknown. */
export function entriesAt(value: Value | undefined, ...path: readonly (string | number)[]): [string, Value][] {
  const found = at(value, ...path);
  return isObject(found) ? Object.entries(found) : [];
}

/** Whether any part of the value is unknown. */
export function hasUnknown(value: Value | undefined): boolean {
  if (value === unknown) return true;
  if (isList(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}
