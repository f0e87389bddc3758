import { isStageName, stageOf, type StageName } from "../../services/catalogue.ts";
import type { Engine } from "../../services/engine.ts";
import { isEngineName, isRealEngineName } from "../../services/engines/index.ts";
import { simulator } from "../../services/engines/simulated.ts";
import { enginesFor, standing } from "../../services/standing.ts";
import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";

type Service = LenientMesh["services"][string];

/** Engines that cannot stand in their stage, images and models that an engine lacks, models that it does not read. */
export function engineFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, service]) => {
    const { engine, simulates } = service;
    const standsThere = engineOf(stage, service);
    // A name that is no stage or no engine at all has been named by the schema already.
    if (!isStageName(stage) || standsThere === undefined) return [];
    const fitting = enginesFor(stageOf(stage));
    if (engine !== undefined && !fitting.some((name) => name === engine)) {
      const message = `${JSON.stringify(engine)} cannot stand in ${stage}: ${suggestion(engine, fitting)}`;
      return [{ path: `services.${stage}.engine`, message }];
    }
    const faults = simulatedFaults(stage, engine, simulates);
    return [...faults, ...imageFaults(stage, service, standsThere), ...modelFaults(stage, service, standsThere)];
  });
}

function simulatedFaults(stage: StageName, engine: string | undefined, simulates: string | undefined): Fault[] {
  if (simulates === undefined) return [];
  const at = (message: string): Fault => ({ path: `services.${stage}.simulates`, message });
  if (engine !== simulator) return [at(`has no meaning but with engine: ${simulator}`)];
  const { engines } = stageOf(stage);
  if (engines.some((name) => name === simulates)) return [];
  return [at(`${JSON.stringify(simulates)} cannot stand in ${stage}: ${suggestion(simulates, engines)}`)];
}

/** What stands in a stage; undefined where the stage or the engine is none, which is named elsewhere. */
export function engineOf(stage: string, service: Service | undefined): Engine | undefined {
  const { engine, simulates } = service ?? {};
  if (!isStageName(stage) || (engine !== undefined && !isEngineName(engine))) return undefined;
  if (simulates !== undefined && !isRealEngineName(simulates)) return undefined;
  return standing(stage, engine, simulates).engine;
}

function imageFaults(stage: StageName, { versions }: Service, engine: Engine): Fault[] {
  if (engine.image !== undefined) return [];
  return versions.flatMap(({ image }, index) =>
    image !== undefined
      ? []
      : [
          {
            path: `services.${stage}.versions[${index}].image`,
            message: `is missing; there is no published image of the engine ${engine.name}`,
          },
        ],
  );
}

function modelFaults(stage: StageName, service: Service, engine: Engine): Fault[] {
  if (engine.model === undefined) {
    const message = `has no meaning: the engine ${engine.name} reads no model from a volume`;
    return modelsOf(stage, service).map(({ path }) => ({ path, message }));
  }
  const lacking = service.versions.some(
    ({ image, model }) => image === undefined && (model ?? service.model) === undefined,
  );
  if (engine.image === undefined || !lacking) return [];
  const message = `is missing; the image of the engine ${engine.name} holds no model, so say where it lies`;
  return [{ path: `services.${stage}.model`, message }];
}

/** Every place of a stage's description that names a model. */
export function modelsOf(stage: string, { model, versions }: Service) {
  const places = [
    { path: `services.${stage}.model`, model },
    ...versions.map((version, index) => ({
      path: `services.${stage}.versions[${index}].model`,
      model: version.model,
    })),
  ];
  return places.flatMap(({ path, model }) => (model === undefined ? [] : [{ path, model }]));
}
