import type { Event, JsonObject, Program } from "../../engine/index.ts";
import { execute, type Actions } from "../../engine/program/execute.ts";
import { Redactor } from "../../engine/program/redactor.ts";
import type { Registration } from "../../engine/program/registration.ts";
import { withRemoteComponents } from "../../engine/program/remote-components.ts";
import { at } from "./plan.ts";

/** A real run of a program, so that outputs have values, in which every cluster says at once that all is there. */
export interface Imagined {
  readonly registrations: readonly Registration[];
  readonly events: readonly Event[];
  readonly outputs: JsonObject;
}

/** What the clusters answer beside what they were asked for; by kind, `Service` or `CertificateRequest`. */
export type Answer = (kind: string, inputs: JsonObject) => JsonObject;

export async function imagined(program: Program, answer: Answer): Promise<Imagined> {
  const registrations: Registration[] = [];
  const events: Event[] = [];
  const answered = (type: string, inputs: JsonObject) => ({
    ...inputs,
    ...answer(type.split(":").at(-1) ?? "", inputs),
  });
  const actions: Actions = withRemoteComponents({
    async register(registration) {
      registrations.push(registration);
      const { custom, inputs, type } = registration;
      const [namespace, name] = [at(inputs, "metadata", "namespace"), at(inputs, "metadata", "name")];
      const id = name === undefined ? registration.name : `${String(namespace ?? "")}/${String(name)}`;
      return { id: custom ? id : "", outputs: answered(type, inputs) };
    },
    read: async ({ type }) => answered(type, {}),
  });
  const outputs = await execute(
    {
      program,
      dryRun: false,
      redactor: new Redactor(),
      report: (event) => events.push(event),
      signal: undefined,
      env: {},
    },
    actions,
  );
  return { registrations, events, outputs };
}

/** All that a registration waits for, at any remove, by its URN. What belongs to a component is waited for with it. */
export function waitedFor(registrations: readonly Registration[], urn: string): Set<string> {
  const needs = new Map(registrations.map((one) => [one.urn, one.needs]));
  const found = new Set<string>();
  const left = [...(needs.get(urn) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    left.push(...(needs.get(next) ?? []));
  }
  return found;
}
