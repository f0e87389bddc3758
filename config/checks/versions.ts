import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { repeated } from "./repeated.ts";
import { wrongTotal } from "./total.ts";

/** Weights that do not total 100, and names that stand for two versions. */
export function versionFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, { versions }]) => {
    const path = `services.${stage}.versions`;
    const names = versions.map(({ name }) => name ?? "");
    const faults: Fault[] = repeated(names.filter((name) => name !== "")).map(({ value }) => ({
      path,
      message: `has two versions named ${JSON.stringify(value)}; each name stands for one subset`,
    }));
    const wrong = wrongTotal(versions.map(({ name, weight }) => [name, weight] as const));
    if (versions.length > 0 && wrong !== undefined) faults.push({ path, message: `weights ${wrong}` });
    return faults;
  });
}

/** Variables that the program sets itself: a stage and its probes rely on them. */
const ownVariables = ["STAGE", "VERSION", "PORT", "NEXT_HOPS", "POD_NAME", "NODE_NAME"];

/** Variables of a version that the program sets itself. */
export function variableFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, { versions }]) =>
    versions.flatMap(({ env }, index) =>
      Object.keys(env)
        .filter((name) => ownVariables.includes(name))
        .map((name) => ({
          path: `services.${stage}.versions[${index}].env.${name}`,
          message: "is set by the program itself; remove it",
        })),
    ),
  );
}
