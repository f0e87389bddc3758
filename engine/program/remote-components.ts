import { EngineError } from "../errors.ts";
import { isObject } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";
import { certManagerArguments } from "./cert-manager-arguments.ts";
import type { Arguments } from "./cert-manager-arguments.ts";
import type { Actions } from "./execute.ts";
import { called } from "./registration.ts";
import type { Registration } from "./registration.ts";
import { childUrn } from "./urn.ts";
import { hasUnknown, isSecret } from "./values.ts";

/*
 * A remote component is made by a provider in a process of its own, which registers what the component consists of. There
 * are no such processes here; of a component that is known it is known what it consists of.
 */
const known: Record<string, (component: Registration) => Registration> = {
  "kubernetes-cert-manager:index:CertManager": certManagerRelease,
};

/** The same actions for a program that may hold remote components: of each, its child is what is registered. */
export function withRemoteComponents(actions: Actions): Actions {
  // Whoever depends on the component depends on its child: it alone is in a cluster.
  const children = new Map<string, string>();
  return {
    ...actions,
    async register(registration) {
      const needs = registration.needs.map((urn) => children.get(urn) ?? urn);
      const wanted = { ...registration, needs };
      const expand = registration.remote ? known[registration.type] : undefined;
      if (expand === undefined) return actions.register(wanted);
      const child = expand(wanted);
      children.set(registration.urn, child.urn);
      await actions.register({ ...wanted, remote: false });
      const { outputs } = await actions.register(child);
      const { status } = outputs;
      return { id: "", outputs: status === undefined ? {} : { status } };
    },
  };
}

/**
 * The Release that `CertManager` of @pulumi/kubernetes-cert-manager 0.2.0 consists of (its provider/pkg/provider/chart.go
 * and pulumi-go-helmbase's base.go). An argument of the component takes the place of the value of that name in
 * `helmOptions.values`, also where it isn't given: then neither is there. What a typed argument does not know is left out, and so
 * are `valueYamlFiles`.
 */
function certManagerRelease(component: Registration): Registration {
  const helmOptions = component.inputs["helmOptions"] ?? {};
  const provider = component.providers["kubernetes"];
  if (provider === undefined) {
    throw new EngineError(`${called(component)}: has no provider; pass { providers: { kubernetes } } in its options`);
  }
  // A secret as a whole is an object too, but one of marks.
  const secret: boolean = isSecret(helmOptions);
  if (secret || !isObject(helmOptions)) {
    throw new EngineError(`${called(component)}: helmOptions must be a plain object`);
  }
  const values = helmOptions["values"] ?? {};
  const options = Object.entries(helmOptions).filter(([key]) => key !== "values" && key !== "valueYamlFiles");
  if (!isObject(values) || hasUnknown(values) || holdsSecret(values)) {
    throw new EngineError(
      `${called(component)}: helmOptions.values must be plain; the component takes no outputs there`,
    );
  }
  const { helmOptions: _, ...given } = component.inputs;
  const passed = Object.entries(values).filter(([key]) => !Object.hasOwn(certManagerArguments, key));
  const own = Object.entries(passedOn(given, certManagerArguments));
  const type = "kubernetes:helm.sh/v3:Release";
  const name = `${component.name}-helm`;
  return {
    ...component,
    urn: childUrn(component.urn, type, name),
    type,
    name,
    parent: component.urn,
    custom: true,
    remote: false,
    provider,
    inputs: {
      ...withoutNulls(Object.fromEntries(options)),
      chart: helmOptions["chart"] ?? "cert-manager",
      repositoryOpts: repositoryOf(helmOptions["repositoryOpts"]),
      values: withoutNulls(Object.fromEntries([...passed, ...own])),
    },
  };
}

function repositoryOf(given: Json | undefined): JsonObject {
  return { repo: "https://charts.jetstack.io", ...(isObject(given) ? withoutNulls(given) : {}) };
}

/** What a type with these keys holds of a value. */
function passedOn(value: JsonObject, known: Arguments): JsonObject {
  if (isSecret(value)) return value;
  const passed: JsonObject = {};
  for (const [key, below] of Object.entries(known)) {
    const member = value[key];
    if (member !== undefined) passed[key] = below === true || !isObject(member) ? member : passedOn(member, below);
  }
  return passed;
}

function holdsSecret(value: Json): boolean {
  if (isSecret(value)) return true;
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isObject(value) && Object.values(value).some(holdsSecret);
}

/** The Go SDK, in which the component is written, passes on no null of a map. */
function withoutNulls(value: JsonObject): JsonObject {
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([key, member]) => [key, isObject(member) ? withoutNulls(member) : member]));
}
