import { EngineError } from "../errors.ts";
import { isObject, sameJson } from "../json.ts";
import type { Json } from "../json.ts";

/*
 * As much of JSONPath (RFC 9535) as says what to wait for: names, positions, every member, and the members that have a
 * certain value. What is left out (slices, descendants, functions, comparisons by order) is refused, not misread.
 */

/** One step down: from a value to those of its members that are meant. */
type Step = (value: Json) => Json[];

/** A path, ready to be followed: all values that it leads to. */
export type JsonPath = (value: Json) => Json[];

const name = String.raw`\.([A-Za-z_][-\w]*)`;
const quoted = String.raw`\['([^'\\]*)'\]|\["([^"\\]*)"\]`;
const position = String.raw`\[(-?\d+)\]`;
const every = String.raw`(\[\*\]|\.\*)`;
const filter = String.raw`\[\?\s*\(?((?:[^()\]'"]|'[^']*'|"[^"]*")+?)\)?\s*\]`;
const steps = new RegExp([name, quoted, position, every, filter].join("|"), "gy");

/** Reads a path such as `.status.conditions[?(@.type=="Ready")].status`, with or without its `$`. */
export function jsonPath(text: string): JsonPath {
  const path = text.replace(/^\$/, "");
  const found = [...path.matchAll(steps)];
  if (found.length === 0 || found.map(([all]) => all).join("") !== path) {
    throw new EngineError(`JSONPath ${text} is not implemented; there are names, [0], [*] and [?(@.name=="value")]`);
  }
  const walk = found.map(stepOf);
  return (value) => walk.reduce<Json[]>((reached, step) => reached.flatMap(step), [value]);
}

function stepOf([, plain, single, double, index, all, condition]: RegExpMatchArray): Step {
  const member = plain ?? single ?? double;
  if (member !== undefined) return (value) => (isObject(value) ? present(value[member]) : []);
  if (index !== undefined) return (value) => (Array.isArray(value) ? present(value.at(Number(index))) : []);
  if (all !== undefined) return members;
  const holds = conditionOf(condition ?? "");
  return (value) => members(value).filter(holds);
}

/** `@.a=="x" || @.b!="y"`, read from the left; `||` binds less than `&&`. */
function conditionOf(text: string): (member: Json) => boolean {
  const any = text.split("||").map((part) => part.split("&&").map(comparisonOf));
  return (member) => any.some((all) => all.every((holds) => holds(member)));
}

function comparisonOf(text: string): (member: Json) => boolean {
  const [, path, operator, literal] = /^\s*@(\S*?)\s*(?:([=!]=)\s*(.+?))?\s*$/.exec(text) ?? [];
  if (path === undefined) throw new EngineError(`the condition ${text.trim()} of a JSONPath is not implemented`);
  const follow: JsonPath = path === "" ? (member) => [member] : jsonPath(path);
  if (operator === undefined || literal === undefined) return (member) => follow(member).length > 0;
  const wanted = literalOf(literal);
  return (member) => follow(member).some((value) => sameJson(value, wanted)) === (operator === "==");
}

function literalOf(text: string): Json {
  const [, single] = /^'([^']*)'$/.exec(text) ?? [];
  if (single !== undefined) return single;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EngineError(`${text} is no value to compare with in a JSONPath`, { cause: error });
  }
}

function members(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function present(value: Json | undefined): Json[] {
  return value === undefined ? [] : [value];
}
