import type { Random } from "../../services/simulator/random.ts";

/**
 * After how many of its objects an `up` is killed, each time: one point by chance in each of as many equal stretches of it,
 * so that the beginning, the end and all between have theirs. The last object is never waited for: after it nothing is left
 * to be killed.
 *
 * @throws RangeError for fewer objects than it takes
 */
export function killPoints(count: number, objects: number, random: Random): number[] {
  if (objects <= count) throw new RangeError(`an up of ${objects} objects can't be killed at ${count} points`);
  return Array.from({ length: count }, (_, index) => 1 + Math.floor(((index + random()) * (objects - 1)) / count));
}
