import type { CrdSchema } from "./schema.ts";

/** `has(self.a)` counted for several fields, of which at most one may be there. */
const atMostOne = /^(?:\(has\(self\.\w+\) \? 1 : 0\)(?: \+ |(?= <= 1$)))+ <= 1$/;

/** Fields of an object of which at most one may be set, a list for each such choice. */
export function choicesOf(schema: CrdSchema): string[][] {
  const alternatives = [schema.oneOf ?? [], ...(schema.allOf ?? []).map(({ oneOf }) => oneOf)];
  const fromOneOf = alternatives.map((choice) => choice.flatMap(({ required = [] }) => required));
  const fromRules = (schema["x-kubernetes-validations"] ?? [])
    .filter(({ rule }) => atMostOne.test(rule))
    .map(({ rule }) => [...rule.matchAll(/self\.(\w+)/g)].map(([, field]) => field ?? ""));
  return [...fromOneOf, ...fromRules].filter(({ length }) => length > 1);
}

/** Choices that share a field, together: what is chosen in one says nothing of the others. */
export function independent(choices: readonly string[][]): string[][][] {
  return choices.reduce<string[][][]>((groups, choice) => {
    const touches = (group: readonly string[][]) => group.flat().some((field) => choice.includes(field));
    return [...groups.filter((group) => !touches(group)), [...groups.filter(touches).flat(), choice]];
  }, []);
}

/**
 * The largest sets of fields that can be set together when each choice allows at most one of its own. Every object
 * that keeps to the choices fits at least one of them.
 */
export function alternativesOf(choices: readonly (readonly string[])[]): string[][] {
  const fields = [...new Set(choices.flat())];
  const conflict = (a: string, b: string) => choices.some((choice) => choice.includes(a) && choice.includes(b));
  const compatible = fields.reduce<string[][]>(
    (sets, field) => sets.flatMap((set) => (set.some((own) => conflict(own, field)) ? [set] : [[...set, field], set])),
    [[]],
  );
  return compatible.filter((set) => fields.every((field) => set.some((own) => own === field || conflict(own, field))));
}
