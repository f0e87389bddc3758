// Says which stacks a change can touch, as a JSON list: node scripts/touched-stacks.js BASE HEAD
import { execFileSync } from "node:child_process";

/* What no stack is made of. Anything else may be part of all of them. */
const apart = [/^(docs|test|bench|lab|\.github|\.ci)\//, /^[^/]+\.md$/, /^\.(editorconfig|gitignore|prettier\w*)/];

/** @param {string} file */
function stackOf(file) {
  return /^stacks\/Pulumi\.(.+)\.yaml$/.exec(file)?.[1];
}

/**
 * A stack's own file touches that stack; the program, its dependencies and its policies touch every stack.
 *
 * @param {readonly string[]} changed paths of the files that differ
 * @param {readonly string[]} stacks the stacks there are after the change
 * @returns {string[]}
 */
export function touchedStacks(changed, stacks) {
  const files = changed.filter((file) => !apart.some((pattern) => pattern.test(file)));
  const own = files.flatMap((file) => stackOf(file) ?? []);
  const all = files.some((file) => stackOf(file) === undefined);
  return stacks.filter((stack) => all || own.includes(stack));
}

/** @param {string[]} args */
function git(...args) {
  return execFileSync("git", args, { encoding: "utf8" }).split("\0").filter(Boolean);
}

/** @param {string} revision */
function isCommit(revision) {
  try {
    execFileSync("git", ["cat-file", "-e", `${revision}^{commit}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

if (import.meta.filename === process.argv[1]) {
  const [base = "", head = "HEAD"] = process.argv.slice(2);
  const files = git("ls-tree", "-r", "-z", "--name-only", head);
  const stacks = files.flatMap((file) => stackOf(file) ?? []).sort();
  // A new branch, or one that was written anew, has no base: then everything counts as changed.
  const changed = isCommit(base) ? git("diff", "--name-only", "--no-renames", "-z", base, head) : files;
  console.log(JSON.stringify(touchedStacks(changed, stacks)));
}
