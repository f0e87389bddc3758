/**
 * A number on the command line of a bench: a whole one, from 1 on.
 *
 * @param otherwise what it is where it is left out
 * @param what it counts
 * @throws RangeError for anything else
 */
export function wholeNumber(text: string | undefined, otherwise: number, what: string): number {
  const number = Number(text ?? otherwise);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`${text} is no number of ${what}`);
  return number;
}
