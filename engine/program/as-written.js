// Loaded before the SDK's runner. That would look for a source map for every line of every stack trace, and the SDK takes
// one for each of its promises: a fifth of a preview's time. Here nothing has to be found: Node strips types in place, so
// that lines are those that were written.
import { createRequire, Module } from "node:module";

const runner = createRequire(process.argv[1] ?? import.meta.url);
const mapper = "source-map-support/register";

const path = resolved();
if (path !== undefined) runner.cache[path] = Object.assign(new Module(path), { filename: path, loaded: true });

/** Where the runner has it from; nowhere, if it does without. */
function resolved() {
  try {
    return runner.resolve(mapper);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
