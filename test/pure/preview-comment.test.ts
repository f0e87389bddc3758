import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { commentOf, marker, post, withoutMentions } from "../../scripts/preview-comment.js";

const run = { sha: "0123456789abcdef", fork: false, url: "https://example.com/run", failed: false };

describe("the comment", () => {
  test("has every stack in it, under a marker", () => {
    const sections = [
      { stack: "dev", text: "### dev\n\nNothing changes.\n" },
      { stack: "prod", text: "" },
    ];
    expect(commentOf(sections, { ...run, failed: true })).toBe(`<!-- linly-mesh preview -->
## Preview

of 0123456789ab: [the run](https://example.com/run) ❌ failed.

### dev

Nothing changes.

### prod

❌ No preview came about.`);
  });

  test("says so where no stack is touched any more", () => {
    expect(commentOf([], run)).toMatch(/✅ succeeded\.\n\nNo stack is touched\.$/);
    expect(commentOf([], { ...run, failed: true })).toMatch(/❌ failed\.\n\nNo preview came about\.$/);
  });

  test.each([
    [4, ["a", "b", "c", "d"], undefined],
    [5, ["a", "b", "c", "d"], "e"],
    [8, ["a", "b", "c", "d"], "e, f, g, h"],
  ])("with %i full sections has %j whole and names the rest", (count, whole, named) => {
    const sections = ["a", "b", "c", "d", "e", "f", "g", "h"]
      .slice(0, count)
      .map((stack) => ({ stack, text: `### ${stack}\n`.padEnd(16_000, "x") }));
    const comment = commentOf(sections, run);
    expect(comment.length).toBeLessThanOrEqual(65_536);
    expect([...comment.matchAll(/^### (.)$/gm)].map(([, stack]) => stack)).toEqual(whole);
    expect(/Too long for this comment, see the run: (.*)$/.exec(comment)?.[1]).toBe(named);
  });
});

describe("what a pull request's own code wrote", () => {
  const sections = [{ stack: "prod", text: "### prod\n\n0 changed, as @octocat said." }];

  test("is called so where it is a fork's, before all of it", () => {
    const [warning = -1, section = -1] = ["> [!WARNING]\n> A fork's own code", "### prod"].map((text) =>
      commentOf(sections, { ...run, fork: true }).indexOf(text),
    );
    expect(warning).toBeGreaterThan(0);
    expect(section).toBeGreaterThan(warning);
    expect(commentOf(sections, run)).not.toContain("WARNING");
  });

  test("calls nobody", () => {
    expect(commentOf(sections, run)).toContain("as @\u200boctocat said");
    expect(commentOf([{ stack: "@octocat", text: "" }], run)).toContain("### @\u200boctocat\n");
  });

  const digest = `x/y@sha256:${"0a".repeat(32)}`;
  test.each([
    ["@octocat", "@\u200boctocat"],
    ["_@our/team_", "_@\u200bour/team_"],
    ["a&nbsp@octocat", "a&nbsp@\u200boctocat"],
    ["node_modules/@pulumi/pulumi", "node_modules/@\u200bpulumi/pulumi"],
    ["me@example.com", "me@\u200bexample.com"],
    ["&#64;octocat &#0064octocat", "&amp;#64;octocat &amp;#0064octocat"],
    ["&#x40;octocat &#X0040;octocat", "&amp;#x40;octocat &amp;#X0040;octocat"],
    ["&commat;octocat", "&amp;commat;octocat"],
    ["&#640; &#x404; &amp;", "&#640; &#x404; &amp;"],
    [digest, digest],
    [`@sha256:${"0a".repeat(32)}`, `@\u200bsha256:${"0a".repeat(32)}`],
    ["x@sha256:0a", "x@\u200bsha256:0a"],
  ])("%j becomes %j", (text, expected) => {
    expect(withoutMentions(text)).toBe(expected);
  });
});

/** What GitHub is asked, and what a repository with these comments answers. */
describe("posting", () => {
  const requests: string[] = [];
  let comments: object[] = [];
  let url = "";
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body)));
  });

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (request.headers.authorization !== "Bearer token") return { status: 401, body: "who?" };
    const path = new URL(request.url ?? "", "http://x");
    if (request.method !== "GET") {
      requests.push(`${request.method} ${path.pathname} ${await text(request)}`);
      return { status: 200, body: {} };
    }
    const page = Number(path.searchParams.get("page"));
    if (path.pathname.endsWith("/pulls")) {
      const open = path.searchParams.get("head") === "someone:topic" ? [{ number: 7, head: { sha: run.sha } }] : [];
      return { status: 200, body: page === 1 ? open : [] };
    }
    return { status: 200, body: comments.slice(100 * (page - 1), 100 * page) };
  }

  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    url = `http://127.0.0.1:${address.port}`;
  });
  beforeEach(() => {
    requests.length = 0;
    comments = [];
  });
  afterAll(() => void server.close());

  const head = { owner: "someone", branch: "topic" };
  const sections = [{ stack: "prod", text: "### prod" }];
  const others = Array.from({ length: 150 }, (_, id) => ({ id, user: { type: "User" }, body: `${marker} quoted` }));
  const posted = (given = sections, of = run, from = head, token = "token") =>
    post({ url, repository: "them/mesh", token }, from, given, of);

  test("makes one comment where there is none of its own", async () => {
    comments = others;
    expect(await posted()).toBe("#7 commented");
    expect(requests).toEqual([
      `POST /repos/them/mesh/issues/7/comments ${JSON.stringify({ body: commentOf(sections, run) })}`,
    ]);
  });

  test("writes over its own, also on a later page", async () => {
    comments = [...others, { id: 900, user: { type: "Bot" }, body: `${marker}\nearlier` }];
    expect(await posted()).toBe("comment 900 of #7 updated");
    expect(requests).toEqual([
      `PATCH /repos/them/mesh/issues/comments/900 ${JSON.stringify({ body: commentOf(sections, run) })}`,
    ]);
  });

  test("leaves a pull request alone that touches no stack, unless an earlier comment says otherwise", async () => {
    expect(await posted([])).toBe("#7 touches no stack");
    expect(requests).toEqual([]);
    expect(await posted([], { ...run, failed: true })).toBe("#7 commented");
    comments = [{ id: 900, user: { type: "Bot" }, body: marker }];
    expect(await posted([])).toBe("comment 900 of #7 updated");
  });

  test.each([
    ["has moved on", { ...run, sha: "fedcba" }, head],
    ["is another's", run, { ...head, owner: "them" }],
  ])("writes nothing where the pull request %s", async (_, of, from) => {
    expect(await posted(sections, of, from)).toMatch(/^no open pull request is at /);
    expect(requests).toEqual([]);
  });

  test("fails with GitHub's own words", async () => {
    await expect(posted(sections, run, head, "wrong")).rejects.toThrow(/^GET pulls\?.*: 401 "who\?"$/);
  });
});
