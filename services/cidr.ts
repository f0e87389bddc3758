/** Ranges of IPv4 addresses as `10.0.0.0/16` says them. */

/** The first and the last address of a range, as numbers; undefined for what is no range. */
export function boundsOf(cidr: string): { readonly first: number; readonly last: number } | undefined {
  const [, address = "", length = ""] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(cidr) ?? [];
  const bytes = address.split(".").map(Number);
  const prefix = Number(length);
  if (length === "" || prefix > 32 || bytes.some((byte) => byte > 255)) return undefined;
  const size = 2 ** (32 - prefix);
  const whole = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const first = whole - (whole % size);
  return { first, last: first + size - 1 };
}

/** Whether two ranges have an address in common; never for what is no range. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [boundsOf(one), boundsOf(other)];
  return a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last;
}
