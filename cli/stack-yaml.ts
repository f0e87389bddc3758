import { LineCounter, parseDocument, visit, type Document } from "yaml";
import { ConfigError } from "../config/faults.ts";
import { suggestion } from "../config/nearest.ts";

/** Nodes that aliases may stand for in all: far more than a mesh takes, and far from what would fill the memory. */
const mostAliased = 10_000;

/**
 * Reads YAML as Pulumi's CLI does, with merge keys.
 *
 * @param path of the file, for the reader of an error
 * @throws ConfigError naming what is no YAML, or would be read otherwise there, by its line
 */
export function readYaml(text: string, path: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, uniqueKeys: true, prettyErrors: false });
  const errors = document.errors.map(({ pos, message }) => ({ at: pos[0], message }));
  const found = errors.length > 0 ? errors : [...aliasErrors(document), ...octalErrors(document)];
  if (found.length > 0) {
    const faults = found.map(({ at, message }) => ({ path: `line ${lines.linePos(at).line}`, message }));
    throw new ConfigError(path, faults);
  }
  return valueOf(document, path);
}

/** An error in a text, and where. */
interface TextError {
  readonly at: number;
  readonly message: string;
}

/** Aliases that stand for nothing, or for something without end. */
function aliasErrors(document: Document.Parsed): TextError[] {
  const errors: TextError[] = [];
  const anchors: string[] = [];
  visit(document, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined) anchors.push(anchor);
    },
    Alias: (_, alias, within) => {
      const named = alias.resolve(document);
      const at = alias.range?.[0] ?? 0;
      if (named === undefined) {
        const meant = anchors.length === 0 ? "" : `: ${suggestion(alias.source, anchors)}`;
        errors.push({ at, message: `*${alias.source} names nothing above it${meant}` });
      } else if (within.includes(named)) {
        errors.push({ at, message: `*${alias.source} stands within what it names, which would have no end` });
      }
    },
  });
  return errors;
}

/** Numbers that begin with a zero: octal to Pulumi's CLI, as in YAML 1.1, and decimal in YAML 1.2. */
function octalErrors(document: Document.Parsed): TextError[] {
  const errors: TextError[] = [];
  visit(document, {
    Scalar: (_, { value, source = "", range }) => {
      if (typeof value !== "number" || !/^[-+]?0[0-7]+$/.test(source)) return;
      const message = `${source} is read as an octal number by Pulumi's CLI; write it without the zero before it, or as a text in quotes`;
      errors.push({ at: range?.[0] ?? 0, message });
    },
  });
  return errors;
}

function valueOf(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliased });
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError(path, [{ path: "", message }]);
  }
}
