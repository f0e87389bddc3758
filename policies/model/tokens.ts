import { isNarrow, narrows, partsOf } from "./authorization.ts";
import { listAt, textAt } from "./values.ts";
import type { Value } from "./values.ts";

function isOfToken(condition: Value): boolean {
  return textAt(condition, "key")?.startsWith("request.auth.") === true;
}

/** Whom a rule of an ALLOW lets in: who has a token, who or what it names without one, or anyone. */
export type Admitted = "token" | "named" | "anyone";

/** Whom each source of a rule lets in. */
export function admittedBy(rule: Value): Admitted[] {
  const conditions = listAt(rule, "when");
  const byToken = conditions.some((condition) => isOfToken(condition) && listAt(condition, "values").length > 0);
  const byName =
    conditions.some((condition) => narrows(listAt(condition, "values"))) ||
    partsOf(rule, "to", "operation").every(isNarrow);
  return partsOf(rule, "from", "source").map((source) => {
    if (byToken || listAt(source, "requestPrincipals").length > 0) return "token";
    return byName || isNarrow(source) ? "named" : "anyone";
  });
}

/** Whether a rule is about requests without a token. */
export function isAboutNoToken(rule: Value): boolean {
  return sourcesWithoutToken(rule).length > 0;
}

/** Whether it is about all of them, but what it names as exceptions, to the workload or to the paths or hosts that it names. */
export function isAboutAllWithoutToken(rule: Value): boolean {
  const namesPlaces = (operation: Value | undefined) =>
    listAt(operation, "paths").length > 0 || listAt(operation, "hosts").length > 0;
  return (
    sourcesWithoutToken(rule).some((source) => !isNarrow(source)) &&
    partsOf(rule, "to", "operation").some((operation) => namesPlaces(operation) || !isNarrow(operation)) &&
    listAt(rule, "when").every((condition) => listAt(condition, "values").length === 0)
  );
}

function sourcesWithoutToken(rule: Value): (Value | undefined)[] {
  const byCondition = listAt(rule, "when").some(
    (condition) => isOfToken(condition) && listAt(condition, "notValues").length > 0,
  );
  return partsOf(rule, "from", "source").filter(
    (source) =>
      listAt(source, "requestPrincipals").length === 0 &&
      (byCondition || listAt(source, "notRequestPrincipals").length > 0),
  );
}
