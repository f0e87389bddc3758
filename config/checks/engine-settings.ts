import type { Engine } from "../../services/engine.ts";
import type { Fault } from "../faults.ts";
import { engineOf } from "./engines.ts";
import type { LenientMesh } from "./lenient.ts";

/** Variables and arguments that are the engine's own: those by which its port, its model or its end would be another. */
export function engineSettingFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, service]) => {
    const engine = engineOf(stage, service);
    if (engine === undefined) return [];
    return service.versions.flatMap(({ env, args }, index) => {
      const path = `services.${stage}.versions[${index}]`;
      return [...variableFaults(engine, Object.keys(env), path), ...argumentFaults(engine, args, path)];
    });
  });
}

function variableFaults({ name, reserved }: Engine, variables: readonly string[], path: string): Fault[] {
  return variables
    .filter((variable) => reserved.env.includes(variable))
    .map((variable) => ({ path: `${path}.env.${variable}`, message: `is set for the engine ${name}; remove it` }));
}

function argumentFaults({ name, reserved }: Engine, args: readonly string[], path: string): Fault[] {
  if (reserved.args === "all") {
    if (args.length === 0) return [];
    const message = `have no place with the engine ${name}: they would replace the command of its image; use env`;
    return [{ path: `${path}.args`, message }];
  }
  const known = reserved.args.map(asOption);
  return args.flatMap((argument, index) =>
    argument.startsWith("-") && known.includes(asOption(argument))
      ? [
          {
            path: `${path}.args[${index}]`,
            message: `${JSON.stringify(argument)} is set for the engine ${name}; remove it`,
          },
        ]
      : [],
  );
}

/** `--shutdown_timeout=5` → `--shutdown-timeout`: the ways in which an option may be written. */
function asOption(argument: string): string {
  return (argument.split("=")[0] ?? "").replaceAll("_", "-");
}
