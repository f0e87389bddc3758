import { secondsOf } from "../cluster/wait.ts";
import { struct } from "../program/proto.ts";
import type { Registration } from "../program/registration.ts";
import { urnOfProvider } from "../program/urn.ts";
import { analyzer } from "./proto.ts";

/** What a pack is told of a resource, for a policy that judges it alone and for one that judges the stack. */
export type Judged = InstanceType<typeof analyzer.AnalyzeRequest> | InstanceType<typeof analyzer.AnalyzerResource>;

/** By URN. */
export type Providers = ReadonlyMap<string, Registration>;

export function requestFor(registration: Registration, providers: Providers) {
  return described(new analyzer.AnalyzeRequest(), registration, providers);
}

export function resourceFor(registration: Registration, providers: Providers) {
  const resource = described(new analyzer.AnalyzerResource(), registration, providers);
  resource.setParent(registration.parent);
  resource.setDependenciesList(registration.needs);
  return resource;
}

/** Inputs go as the SDK sent them: secrets and unknowns keep their marks, which the pack's SDK understands. */
function described<Message extends Judged>(
  message: Message,
  registration: Registration,
  providers: Providers,
): Message {
  message.setType(registration.type);
  message.setUrn(registration.urn);
  message.setName(registration.name);
  message.setProperties(struct.Struct.fromJavaScript(registration.inputs));
  message.setOptions(optionsOf(registration));
  const provider = providers.get(urnOfProvider(registration.provider));
  if (provider !== undefined) message.setProvider(providerOf(provider));
  return message;
}

function optionsOf({ options, parent }: Registration) {
  const message = new analyzer.AnalyzerResourceOptions();
  message.setProtect(options.protect);
  message.setIgnorechangesList(options.ignoreChanges);
  message.setAdditionalsecretoutputsList(options.secretOutputs);
  message.setParent(parent);
  const timeouts = new analyzer.AnalyzerResourceOptions.CustomTimeouts();
  timeouts.setCreate(secondsOf(options.timeouts.create) ?? 0);
  timeouts.setUpdate(secondsOf(options.timeouts.update) ?? 0);
  timeouts.setDelete(secondsOf(options.timeouts.delete) ?? 0);
  message.setCustomtimeouts(timeouts);
  return message;
}

function providerOf({ type, urn, name, inputs }: Registration) {
  const message = new analyzer.AnalyzerProviderResource();
  message.setType(type);
  message.setUrn(urn);
  message.setName(name);
  message.setProperties(struct.Struct.fromJavaScript(inputs));
  return message;
}
