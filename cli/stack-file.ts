import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, formatPath, type Fault } from "../config/faults.ts";
import { suggestion } from "../config/nearest.ts";
import { checkMesh } from "../config/parse.ts";
import type { MeshConfig } from "../config/schema.ts";
import { secretFaults, secretReferences, writtenSecretFaults } from "../config/secret-references.ts";
import { readSecrets } from "./stack-secrets.ts";
import { readYaml } from "./stack-yaml.ts";
import { projectName } from "./project.ts";

/** A stack file, read and checked. */
export interface StackFile {
  readonly stack: string;
  /** Path relative to the project. */
  readonly path: string;
  readonly mesh: MeshConfig;
  /** Configuration as the program gets it: `project:key` → string, structures as JSON. */
  readonly config: Record<string, string>;
  /** Keys of `config` whose values are secret. */
  readonly secretKeys: readonly string[];
  /** Names of secrets that could not be decrypted: a preview has marks in their place, an `up` can't go on. */
  readonly sealed: readonly string[];
}

const meshKey = `${projectName}:mesh`;
const secretsKey = `${projectName}:secrets`;

const stackYaml = z.object({ config: z.record(z.string(), z.unknown()), encryptionsalt: z.string().optional() });

/**
 * Reads `stacks/Pulumi.<stack>.yaml`.
 *
 * @throws ConfigError naming every fault of the file, or the stacks there are when there is no such file
 */
export function readStackFile(
  projectDir: string,
  stack: string,
  passphrase = process.env["PULUMI_CONFIG_PASSPHRASE"],
): StackFile {
  const path = join("stacks", `Pulumi.${stack}.yaml`);
  if (!existsSync(join(projectDir, path))) {
    throw new ConfigError(path, [{ path: "", message: `does not exist: ${suggestion(stack, stacksOf(projectDir))}` }]);
  }
  const raw = readYaml(readFileSync(join(projectDir, path), "utf8"), path);
  const values = stackYaml.safeParse(raw);
  if (!values.success)
    throw new ConfigError(path, [{ path: "config", message: "is missing; it holds linly-mesh:mesh" }]);
  const { config, encryptionsalt } = values.data;
  const secrets = readSecrets(config[secretsKey], encryptionsalt, passphrase);
  const strays = strayKeys(Object.keys(config));
  const mesh = meshWith([...strays, ...secrets.faults], config[meshKey], secrets.names, path);
  const plain = Object.entries(config).map(([key, value]) => [key, asString(value)]);
  const hasSecrets = Object.keys(secrets.values).length > 0;
  return {
    stack,
    path,
    mesh,
    config: { ...Object.fromEntries(plain), ...(hasSecrets && { [secretsKey]: JSON.stringify(secrets.values) }) },
    secretKeys: hasSecrets ? [secretsKey] : [],
    sealed: secrets.sealed,
  };
}

/** The stacks that have a file, by name. */
export function stacksOf(projectDir: string): string[] {
  return readdirSync(join(projectDir, "stacks"))
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

function meshWith(
  others: readonly Fault[],
  raw: unknown,
  secrets: readonly string[] | undefined,
  path: string,
): MeshConfig {
  if (raw === undefined) {
    throw new ConfigError(path, [...others, { path: meshKey, message: "is missing; it holds the whole mesh" }]);
  }
  const sealed = sealedPlaces(raw);
  const mesh = checkMesh(raw);
  const faults = [
    ...others,
    ...sealed.map((place) => ({ path: place, message: sealedMessage })),
    // What is sealed has no other fault worth telling.
    ...mesh.faults.filter(({ path: at }) => !sealed.some((place) => isWithin(at, place))),
    ...referenceFaults(mesh.config, raw, secrets),
  ];
  if (mesh.config === undefined || faults.length > 0) throw new ConfigError(path, faults);
  return mesh.config;
}

const sealedMessage = `is secure:, but stands in ${meshKey}, which is read in clear; put it under ${secretsKey} and refer to it`;

function referenceFaults(mesh: MeshConfig | undefined, raw: unknown, secrets: readonly string[] | undefined): Fault[] {
  if (secrets === undefined) return [];
  return mesh === undefined ? writtenSecretFaults(raw, secrets) : secretFaults(secretReferences(mesh), secrets);
}

function isWithin(path: string, place: string): boolean {
  return place === "" || path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);
}

function strayKeys(keys: readonly string[]): Fault[] {
  return keys
    .filter((key) => key.startsWith(`${projectName}:`) && ![meshKey, secretsKey].includes(key))
    .map((key) => ({ path: key, message: `unknown key: ${suggestion(key, [meshKey, secretsKey])}` }));
}

/** Where in a value `secure:` values stand. */
function sealedPlaces(value: unknown, place: readonly PropertyKey[] = []): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => sealedPlaces(item, [...place, index]));
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure") return [formatPath(place)];
  return entries.flatMap(([key, member]) => sealedPlaces(member, [...place, key]));
}

function asString(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
