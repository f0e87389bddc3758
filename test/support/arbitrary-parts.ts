import fc from "fast-check";

/** What arbitraries of stack files are put together from. */

/** A name of at most so many characters. Made once each: to make one takes longer than to draw a thousand from it. */
const names = new Map(
  [20, 30, 40, 63].map((max) => [max, fc.stringMatching(new RegExp(`^[a-z](?:[-a-z0-9]{0,${max - 2}}[a-z0-9])?$`))]),
);
export function name(max: number): fc.Arbitrary<string> {
  const found = names.get(max);
  if (found === undefined) throw new RangeError(`no names of at most ${max} characters are made`);
  return found;
}

/** A key that stands there or does not. */
export function optional<T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.option(value, { nil: undefined }).map((chosen) => (chosen === undefined ? {} : { [key]: chosen }));
}

/** One mapping of several. */
export function merged(...parts: fc.Arbitrary<object>[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(...parts).map((all) => Object.assign({}, ...all));
}
