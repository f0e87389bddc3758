import type { KubernetesObject } from "./object.ts";
import { at, listAt, textAt, unknown } from "./values.ts";
import type { Value } from "./values.ts";

/** A route of a VirtualService, with the path that leads to it. */
export interface Route {
  /** `http "by-weight"`, or `http[2]` for a route without a name. */
  readonly title: string;
  readonly protocol: "http" | "tls" | "tcp";
  readonly content: Value;
}

const protocols = ["http", "tls", "tcp"] as const;

export function routesOf({ spec }: KubernetesObject): Route[] {
  return protocols.flatMap((protocol) =>
    listAt(spec, protocol).map((content, index) => {
      const name = textAt(content, "name");
      return { protocol, content, title: name === undefined ? `${protocol}[${index}]` : `${protocol} "${name}"` };
    }),
  );
}

/** Every destination that a route sends or mirrors to. */
export function destinationsOf({ content }: Route): (Value | undefined)[] {
  return [
    ...listAt(content, "route").map((share) => at(share, "destination")),
    at(content, "mirror"),
    ...listAt(content, "mirrors").map((mirror) => at(mirror, "destination")),
  ];
}

/**
 * Whether an annotation of the VirtualService, a list of names of routes or `*`, says something of this route; true where
 * that is not known.
 */
export function isDeclared({ metadata }: KubernetesObject, { content }: Route, annotation: string): boolean {
  const declared = at(metadata, "annotations", annotation);
  if (at(metadata, "annotations") === unknown || declared === unknown) return true;
  const names = typeof declared === "string" ? declared.split(",").map((name) => name.trim()) : [];
  return names.includes("*") || names.includes(textAt(content, "name") ?? "*");
}
