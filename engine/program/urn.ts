/** URNs as Pulumi writes them: `urn:pulumi:stack::project::parent$type::name`; the stack itself is nobody's prefix. */
export function makeUrn(stack: string, project: string, type: string, name: string, parent: string): string {
  const parentType = parent === "" ? "" : qualifiedType(parent);
  const prefix = parentType === "" || parentType === stackType ? "" : `${parentType}$`;
  return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
}

/** URN of a resource below another, which tells the stack and the project. */
export function childUrn(parent: string, type: string, name: string): string {
  const [prefix = "", project = ""] = parent.split("::");
  return makeUrn(prefix.replace(/^urn:pulumi:/, ""), project, type, name, parent);
}

export const stackType = "pulumi:pulumi:Stack";

function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** A provider reference is the provider's URN and its id. */
export function urnOfProvider(reference: string): string {
  return reference.slice(0, reference.lastIndexOf("::"));
}
