// Keeps the one comment about previews on a pull request up to date: node scripts/preview-comment.js FOLDER
// The folder holds STACK.md for each stack. Its text comes from the pull request and is only passed on, never run.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Stands first in the comment, unseen by readers, so that the next run finds it. */
export const marker = "<!-- linly-mesh preview -->";

/* GitHub refuses a longer comment. */
const limit = 65_536;

const unverified =
  "> [!WARNING]\n> A fork's own code wrote everything below, and nothing has verified it: it may leave out or make up " +
  "changes. Judge by the diff.";

/**
 * The commit that was previewed, whether it is a fork's, where its run is to be seen, and how that ended.
 *
 * @typedef {{ sha: string, fork: boolean, url: string, failed: boolean }} Run
 */

/**
 * @param {readonly { stack: string, text: string }[]} given
 * @param {Run} run
 */
export function commentOf(given, { sha, fork, url, failed }) {
  const end = failed ? "❌ failed" : "✅ succeeded";
  const title = `${marker}\n## Preview\n\nof ${sha.slice(0, 12)}: [the run](${url}) ${end}.`;
  const head = fork ? `${title}\n\n${unverified}` : title;
  if (given.length === 0) return `${head}\n\n${failed ? "No preview came about." : "No stack is touched."}`;
  const sections = given.map(({ stack, text }) => ({ stack: withoutMentions(stack), text: withoutMentions(text) }));
  let comment = head;
  for (const [index, { stack, text }] of sections.entries()) {
    const next = `${comment}\n\n${text.trim() === "" ? `### ${stack}\n\n❌ No preview came about.` : text.trim()}`;
    const isLast = index === sections.length - 1;
    if (next.length > (isLast ? limit : limit - leftOut(sections.slice(index + 1)).length)) {
      return comment + leftOut(sections.slice(index));
    }
    comment = next;
  }
  return comment;
}

/**
 * The text, in which no @name calls anybody: GitHub looks for them in what is shown, so that `&#64;` is one as well. A
 * space of no width parts the sign from its name. Digests of images stay as they are, to be copied.
 *
 * @param {string} text
 */
export function withoutMentions(text) {
  return text
    .replaceAll(/&(?=#0*64(?!\d)|#x0*40(?![\da-f])|commat)/gi, "&amp;")
    .replaceAll(/(?<![a-z0-9])@|@(?!sha256:[\da-f]{64}(?![\da-f]))/gi, "@\u200b");
}

/** @param {readonly { stack: string }[]} sections */
function leftOut(sections) {
  return `\n\nToo long for this comment, see the run: ${sections.map(({ stack }) => stack).join(", ")}`;
}

/**
 * @typedef {{ url: string, repository: string, token: string }} Api
 * @typedef {{ owner: string, branch: string }} Head where the pull request comes from
 */

/**
 * @param {Api} api
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<unknown>}
 */
async function call({ url, repository, token }, method, path, body) {
  const response = await fetch(`${url}/repos/${repository}/${path}`, {
    method,
    headers: { accept: "application/vnd.github+json", authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/**
 * The value at a path of members, undefined where the path leads nowhere.
 *
 * @param {unknown} value
 * @param {string[]} path
 */
function at(value, ...path) {
  return path.reduce(
    (here, key) => (typeof here === "object" && here !== null ? Reflect.get(here, key) : undefined),
    value,
  );
}

/**
 * All items of a list, page by page.
 *
 * @param {Api} api
 * @param {string} path
 */
async function list(api, path) {
  /** @type {unknown[]} */
  const items = [];
  for (let page = 1; ; page += 1) {
    const more = await call(api, "GET", `${path}${path.includes("?") ? "&" : "?"}per_page=100&page=${page}`);
    if (!Array.isArray(more)) throw new Error(`GET ${path}: the answer is no list`);
    items.push(...more);
    if (more.length < 100) return items;
  }
}

/**
 * Writes the comment to the pull request from `head` whose newest commit is that of the run: into the comment that is there, else a new one.
 * Nothing is written where the pull request has moved on, or has nothing to say and never had.
 *
 * @param {Api} api
 * @param {Head} head
 * @param {readonly { stack: string, text: string }[]} sections
 * @param {Run} run
 * @returns {Promise<string>} what was done
 */
export async function post(api, head, sections, run) {
  const query = new URLSearchParams({ state: "open", head: `${head.owner}:${head.branch}` });
  const pulls = await list(api, `pulls?${query}`);
  const pull = pulls.find((candidate) => at(candidate, "head", "sha") === run.sha);
  if (pull === undefined) return `no open pull request is at ${run.sha}`;
  const number = at(pull, "number");
  const comments = await list(api, `issues/${number}/comments`);
  // A person may quote the comment: only what a bot wrote is written over.
  const earlier = comments.find(
    (comment) => at(comment, "user", "type") === "Bot" && String(at(comment, "body")).startsWith(marker),
  );
  const body = commentOf(sections, run);
  if (earlier !== undefined) {
    const id = at(earlier, "id");
    await call(api, "PATCH", `issues/comments/${id}`, { body });
    return `comment ${id} of #${number} updated`;
  }
  if (sections.length === 0 && !run.failed) return `#${number} touches no stack`;
  await call(api, "POST", `issues/${number}/comments`, { body });
  return `#${number} commented`;
}

/** @param {string} name */
function variable(name) {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

if (import.meta.filename === process.argv[1]) {
  const folder = process.argv[2] ?? "";
  const sections = readdirSync(folder)
    .filter((file) => file.endsWith(".md"))
    .sort()
    .map((file) => ({ stack: file.slice(0, -".md".length), text: readFileSync(join(folder, file), "utf8") }));
  const api = {
    url: variable("GITHUB_API_URL"),
    repository: variable("GITHUB_REPOSITORY"),
    token: variable("GITHUB_TOKEN"),
  };
  const head = { owner: variable("HEAD_OWNER"), branch: variable("HEAD_BRANCH") };
  const run = {
    sha: variable("HEAD_SHA"),
    fork: variable("HEAD_REPOSITORY") !== api.repository,
    url: variable("RUN_URL"),
    failed: variable("CONCLUSION") !== "success",
  };
  console.log(await post(api, head, sections, run));
}
