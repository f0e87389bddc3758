import { EngineError, messageOf } from "../errors.ts";
import { at, isObject, textAt } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";
import { pathOf, titleOf } from "../cluster/kubernetes.ts";
import { secondsOf } from "../cluster/wait.ts";
import { stepsOf } from "../objects/paths.ts";
import { waitFor, waitForAnnotation } from "../objects/wait-for.ts";
import { called } from "./registration.ts";
import type { Registration } from "./registration.ts";
import { releaseSpec } from "./release-spec.ts";
import type { ReleaseSpec } from "./release-spec.ts";
import type { Outcome, Step } from "../report.ts";
import { stackType, urnOfProvider } from "./urn.ts";
import { hasAsset, hasUnknown, isUnknown, maskedObject, shownSecret, shownUnknown } from "./values.ts";

/** What a registration comes down to. */
export type Asked =
  | { readonly kind: "stack" | "component" | "provider" }
  | { readonly kind: "object" | "patch"; readonly object: JsonObject }
  | { readonly kind: "release"; readonly spec: ReleaseSpec };

/** Sorts a registration, or says why the engine can't do what it asks. */
export function asked(registration: Registration): Asked {
  const { type, custom, remote, inputs } = registration;
  if (type === stackType) return { kind: "stack" };
  if (type.startsWith("pulumi:providers:")) {
    if (type === "pulumi:providers:kubernetes") return { kind: "provider" };
    throw new EngineError(`${called(registration)}: no provider but that of kubernetes is implemented`);
  }
  if (!custom && !remote && !type.startsWith("kubernetes:")) return { kind: "component" };
  if (!custom || !type.startsWith("kubernetes:")) throw notImplemented(registration);
  if (registration.provider === "") {
    throw new EngineError(`${called(registration)}: has no provider; pass one in its options or its parent's`);
  }
  if (hasAsset(inputs)) throw new EngineError(`${called(registration)}: assets and archives are not implemented`);
  checkOptions(registration);
  if (type === "kubernetes:helm.sh/v3:Release") return { kind: "release", spec: releaseSpec(registration) };
  return objectOf(registration);
}

function notImplemented(registration: Registration): EngineError {
  return new EngineError(`${called(registration)}: this type is not implemented`);
}

function checkOptions(registration: Registration): void {
  const { type, options } = registration;
  const { ignoreChanges, replaceOnChanges, timeouts } = options;
  for (const path of [...ignoreChanges, ...replaceOnChanges]) stepsOf(path);
  for (const [name, given] of Object.entries(timeouts)) {
    if (given === "" || secondsOf(given) !== undefined) continue;
    throw new EngineError(
      `${called(registration)}: customTimeouts.${name} is "${given}"; write it as 90s, 10m or 1h30m`,
    );
  }
  if (type !== "kubernetes:helm.sh/v3:Release") return;
  const used = { ignoreChanges: ignoreChanges.length > 0, replaceOnChanges: replaceOnChanges.length > 0 };
  const named = Object.entries(used).flatMap(([option, isUsed]) => (isUsed ? [option] : []));
  if (timeouts.create !== "" || timeouts.update !== "") named.push("customTimeouts (a Release has its own timeout)");
  if (named.length === 0) return;
  throw new EngineError(`${called(registration)}: option ${named.join(", ")} is not implemented for a Release`);
}

/* Annotations by which the official provider is told how to treat an object, as far as they are implemented. */
const annotations = ["skipAwait", "timeoutSeconds", "patchForce", "waitFor"].map((name) => `pulumi.com/${name}`);

function objectOf(registration: Registration): Asked {
  const { type, inputs } = registration;
  const [apiVersion, kind] = [textAt(inputs, "apiVersion"), textAt(inputs, "kind")];
  if (apiVersion === undefined || kind === undefined) throw notImplemented(registration);
  if (kind.endsWith("List") && Array.isArray(inputs["items"])) throw notImplemented(registration);
  const name = at(inputs, "metadata", "name");
  if (!isUnknown(inputs["metadata"]) && typeof name !== "string") {
    throw new EngineError(`${called(registration)}: has no metadata.name; names are never made up, give it one`);
  }
  const given = at(inputs, "metadata", "annotations");
  const unknown = Object.keys(isObject(given) ? given : {})
    .filter((key) => key.startsWith("pulumi.com/"))
    .filter((key) => !annotations.includes(key));
  if (unknown.length > 0) {
    throw new EngineError(`${called(registration)}: annotation ${unknown.join(", ")} is not implemented`);
  }
  const isPatch = type.endsWith(`:${kind}Patch`);
  checkWaitFor(registration, at(given, waitForAnnotation), isPatch);
  return { kind: isPatch ? "patch" : "object", object: inputs };
}

/** What is to be waited for is read before anything is touched; an unknown text only once it is known. */
function checkWaitFor(registration: Registration, given: Json | undefined, isPatch: boolean): void {
  if (given === undefined) return;
  if (isPatch) throw new EngineError(`${called(registration)}: annotation ${waitForAnnotation} is not implemented`);
  if (isUnknown(given) || typeof given !== "string") return;
  try {
    waitFor(given);
  } catch (error) {
    throw new EngineError(`${called(registration)}: ${messageOf(error)}`, { cause: error });
  }
}

/** The resource as a step of a run. */
export function stepOf(registration: Registration, what: Asked, outcome: Outcome): Step {
  const { urn, type, name, parent, provider } = registration;
  const inputs = maskedObject(registration.inputs);
  // A kubeconfig given as content holds credentials, whether or not the program calls it a secret.
  if (what.kind === "provider" && textAt(inputs, "kubeconfig")?.includes("\n")) inputs["kubeconfig"] = shownSecret;
  const cluster = provider === "" ? {} : { cluster: urnOfProvider(provider).split("::").at(-1) ?? "" };
  return { urn, type, name, kind: what.kind, parent, ...cluster, title: title(registration, what), outcome, inputs };
}

function title(registration: Registration, what: Asked): string {
  if (what.kind === "release") return `Release ${pathOf(what.spec)}`;
  if (what.kind !== "object" && what.kind !== "patch") return `${registration.type} ${registration.name}`;
  const shown = maskedObject(what.object);
  const kind = textAt(shown, "kind") ?? shownUnknown;
  const id = {
    kind: what.kind === "patch" ? `${kind}Patch` : kind,
    namespace: textAt(shown, "metadata", "namespace"),
    name: textAt(shown, "metadata", "name") ?? shownUnknown,
  };
  return titleOf(id);
}

/** On a real run every input is known: the SDK registers a resource only then. */
export function mustBeKnown(registration: Registration): void {
  if (hasUnknown(registration.inputs)) throw new EngineError(`${called(registration)}: has inputs that are not known`);
}
