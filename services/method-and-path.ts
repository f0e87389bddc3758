/** What a request asks for, as routes, rules and matches name it. */
export interface MethodAndPath {
  readonly method: string;
  /** Exact path. */
  readonly path: string;
}

export function isSame(one: MethodAndPath, other: MethodAndPath): boolean {
  return one.method === other.method && one.path === other.path;
}
