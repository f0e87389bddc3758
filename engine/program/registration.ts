import { toJsonObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import type { RegisterResourceRequest } from "./proto.ts";

/** What the program asks of the engine when it makes a resource. */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  /** False for a component: a name for a group of resources, nothing in a cluster. */
  readonly custom: boolean;
  /** True for a component that a provider would have to make. */
  readonly remote: boolean;
  /** Inputs as the SDK sends them: secrets and unknowns are marked, see values.ts. */
  readonly inputs: JsonObject;
  /** Reference of the provider, `urn::id`; empty for the default provider. */
  readonly provider: string;
  /** References of the providers that a component hands to its children, by package. */
  readonly providers: Record<string, string>;
  /** URNs of the resources that it depends on, by its inputs or by dependsOn. */
  readonly needs: string[];
  readonly options: ResourceOptions;
}

/** As a fault calls a resource: by what the program says. */
export function called(registration: { readonly type: string; readonly name: string }): string {
  return `${registration.name} (${registration.type})`;
}

/** Those resource options that the engine acts on. */
export interface ResourceOptions {
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** Outputs that are secret whatever the inputs say. */
  readonly secretOutputs: string[];
  /** Paths whose live value stays as it is. */
  readonly ignoreChanges: string[];
  /** Paths for which an object is replaced where the API server refuses to change it. */
  readonly replaceOnChanges: string[];
  /** Go durations, `10m` or `1h30m`; empty for the default. */
  readonly timeouts: { readonly create: string; readonly update: string; readonly delete: string };
}

export function registrationOf(request: RegisterResourceRequest, urn: string): Registration {
  const timeouts = request.getCustomtimeouts();
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: request.getCustom(),
    remote: request.getRemote(),
    inputs: toJsonObject(request.getObject()?.toJavaScript() ?? {}),
    provider: request.getProvider(),
    providers: Object.fromEntries(request.getProvidersMap().toArray()),
    needs: request.getDependenciesList().sort(),
    options: {
      protect: request.getProtect() ?? false,
      retainOnDelete: request.getRetainondelete() ?? false,
      secretOutputs: request.getAdditionalsecretoutputsList(),
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      timeouts: {
        create: timeouts?.getCreate() ?? "",
        update: timeouts?.getUpdate() ?? "",
        delete: timeouts?.getDelete() ?? "",
      },
    },
  };
}

/** Names the options of a registration that the engine would otherwise silently leave out. */
export function unsupportedOptions(request: RegisterResourceRequest): string[] {
  const hooks = request.getHooks();
  const used: Record<string, boolean> = {
    import: request.getImportid() !== "",
    deletedWith: request.getDeletedwith() !== "",
    replaceWith: request.getReplaceWithList().length > 0,
    replacementTrigger: request.hasReplacementTrigger(),
    transforms: request.getTransformsList().length > 0,
    hooks: hooks !== undefined && Object.values(hooks.toObject()).some((list) => list.length > 0),
    stateMigrations: request.getStateMigrationsList().length > 0,
    envVarMappings: request.getEnvvarmappingsMap().getLength() > 0,
  };
  return Object.keys(used).filter((option) => used[option]);
}
