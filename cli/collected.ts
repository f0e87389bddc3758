/** Reads an option that may be repeated: all of its values in order. */
export function collected(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
