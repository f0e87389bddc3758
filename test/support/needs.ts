import { execute } from "../../engine/program/execute.ts";
import { Redactor } from "../../engine/program/redactor.ts";
import type { Program } from "../../engine/index.ts";
import { inOneProcess } from "./one-process/runner.ts";

/** What each resource of a program waits for, by Pulumi's names for them: `kubernetes:apps/v1:Deployment local-tts-service-v1`. */
export async function needsOf(program: Program): Promise<Map<string, string[]>> {
  const names = new Map<string, string>();
  const needs = new Map<string, string[]>();
  await execute(
    {
      program,
      dryRun: true,
      redactor: new Redactor(),
      report: () => undefined,
      signal: undefined,
      env: {},
      runner: inOneProcess,
    },
    {
      register: async ({ urn, type, name, inputs, needs: urns }) => {
        names.set(urn, `${type} ${name}`);
        needs.set(
          `${type} ${name}`,
          urns.flatMap((one) => names.get(one) ?? []),
        );
        return { id: "", outputs: inputs };
      },
      read: async () => ({}),
    },
  );
  return needs;
}

/** All that comes before a resource: what it needs, and what that needs in turn. */
export function before<Key>(start: Key, needs: (key: Key) => readonly Key[]): Set<Key> {
  const found = new Set(needs(start));
  for (const key of found) for (const next of needs(key)) found.add(next);
  return found;
}
