import { EngineError } from "../errors.ts";
import { at, isObject, listAt, numberAt, textAt } from "../json.ts";
import type { Json } from "../json.ts";
import { jsonPath } from "./json-path.ts";

/** The annotation by which a program says itself when an object is ready. */
export const waitForAnnotation = "pulumi.com/waitFor";

const forms = "jsonpath={.a.b}, jsonpath={.a.b}=value, condition=Type, condition=Type=value, or a JSON array of these";

/**
 * What the annotation `pulumi.com/waitFor` asks for, as the Kubernetes provider reads it; of several, all.
 *
 * @throws EngineError for what is none of its forms
 */
export function waitFor(annotation: string): Judge {
  const expressions = expressionsOf(annotation);
  if (expressions.length === 0) throw new EngineError(`${waitForAnnotation} names nothing to wait for: ${forms}`);
  const judges = expressions.map(judgeOf);
  return (live) => {
    for (const judge of judges) {
      const reason = judge(live);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

/** Why an object is not what it is waited to be; undefined once it is. */
type Judge = (live: Json) => string | undefined;

function expressionsOf(annotation: string): string[] {
  try {
    const list: unknown = JSON.parse(annotation);
    if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  } catch (error) {
    // Not JSON: one expression, as it stands.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return [annotation];
}

function judgeOf(expression: string): Judge {
  if (expression.startsWith("condition=")) return conditionJudge(expression.slice("condition=".length));
  if (expression.startsWith("jsonpath=")) return pathJudge(expression.slice("jsonpath=".length));
  throw new EngineError(`${waitForAnnotation} is ${JSON.stringify(expression)}, which is none of ${forms}`);
}

/** Type and status are compared without regard to case, like kubectl does. */
function conditionJudge(text: string): Judge {
  const end = text.indexOf("=");
  const type = end === -1 ? text : text.slice(0, end);
  const wanted = end === -1 ? "True" : text.slice(end + 1);
  if (type === "" || wanted === "") {
    throw new EngineError(`${waitForAnnotation} is "condition=${text}", which is none of ${forms}`);
  }
  return (live) => {
    const found = listAt(live, "status", "conditions").find((one) => same(textAt(one, "type"), type));
    if (found === undefined) return `it has no condition ${type} yet`;
    if (isOld(live, numberAt(found, "observedGeneration") ?? numberAt(live, "status", "observedGeneration"))) {
      return `its condition ${type} is not of this generation yet`;
    }
    const status = textAt(found, "status");
    if (same(status, wanted)) return undefined;
    const words = [textAt(found, "reason"), textAt(found, "message")].filter((word) => word !== undefined);
    return [`its condition ${type} is ${status ?? "without status"}, not ${wanted}`, ...words].join(": ");
  };
}

function pathJudge(text: string): Judge {
  const [, path, , value] = /^(\{\s*(.*?)\s*\})(?:=(.+))?$/.exec(text) ?? [];
  const inner = /^\{\s*(.*?)\s*\}$/.exec(path ?? "")?.[1];
  if (path === undefined || inner === undefined) {
    throw new EngineError(`${waitForAnnotation} is "jsonpath=${text}", which is none of ${forms}`);
  }
  const follow = jsonPath(inner);
  return (live) => {
    if (isOld(live, numberAt(live, "status", "observedGeneration"))) return "not yet seen by its controller";
    const [first] = follow(live);
    if (first === undefined) return `${path} leads to nothing yet`;
    if (value === undefined) return undefined;
    if (isObject(first) || Array.isArray(first)) {
      throw new EngineError(`${waitForAnnotation}: ${path} is no single value to compare with ${value}`);
    }
    if (String(first) === value) return undefined;
    // What a Secret holds is told to nobody.
    return textAt(live, "kind") === "Secret"
      ? `${path} is not yet what it should be`
      : `${path} is ${String(first)}, not ${value}`;
  };
}

function isOld(live: Json, observed: number | undefined): boolean {
  const generation = at(live, "metadata", "generation");
  return typeof generation === "number" && observed !== undefined && observed < generation;
}

function same(left: string | undefined, right: string): boolean {
  return left?.toLowerCase() === right.toLowerCase();
}
