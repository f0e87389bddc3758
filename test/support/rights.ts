import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { projectDir } from "../../cli/project.ts";
import { kubectl } from "./kubectl.ts";

/** One thing that may be done to one kind of object. An empty name stands for all of them. */
export interface Right {
  readonly group: string;
  /** With its subresource: `pods/log`. */
  readonly resource: string;
  readonly verb: string;
  readonly name: string;
}

/** A right as text, to be compared: `patch deployments.apps`. */
export function tupleOf({ group, resource, verb, name }: Right): string {
  const [plural = "", ...sub] = resource.split("/");
  const kind = [`${plural}${group === "" ? "" : `.${group}`}`, ...sub].join("/");
  return name === "" ? `${verb} ${kind}` : `${verb} ${kind} ${name}`;
}

const rule = z.object({
  apiGroups: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  verbs: z.array(z.string()),
  resourceNames: z.array(z.string()).default([]),
});
const role = z.looseObject({
  kind: z.enum(["ClusterRole", "Role"]),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  rules: z.array(rule).nullish(),
});

export type Role = z.output<typeof role>;
type Rule = z.output<typeof rule>;

/** What rules allow, right by right; a rule about paths that are no resources allows none of these. */
export function rightsOf(rules: readonly Rule[] | null | undefined): Right[] {
  return (rules ?? []).flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          (resourceNames.length === 0 ? [""] : resourceNames).map((name) => ({ group, resource, verb, name })),
        ),
      ),
    ),
  );
}

/** The roles among the objects of a text of YAML. */
export function rolesIn(text: string): Role[] {
  return parseAllDocuments(text).flatMap((document) => {
    const found = role.safeParse(document.toJS());
    return found.success ? [found.data] : [];
  });
}

/** A file of docs/rbac. */
export function rbacFile(file: string): string {
  return readFileSync(join(projectDir, "docs", "rbac", file), "utf8");
}

/** All that a file of docs/rbac allows. */
export function rightsIn(file: string): Right[] {
  return rolesIn(rbacFile(file)).flatMap(({ rules }) => rightsOf(rules));
}

/** Whether one of these rights is this one, or more than it. */
export function covers(held: readonly Right[], wanted: Right): boolean {
  return held.some(
    ({ group, resource, verb, name }) =>
      group === wanted.group &&
      [wanted.resource, "*"].includes(resource) &&
      [wanted.verb, "*"].includes(verb) &&
      ["", wanted.name].includes(name),
  );
}

/** A question of `kubectl auth can-i`: an empty namespace asks for all of them. */
export interface Question extends Right {
  readonly account: string;
  readonly namespace: string;
}

/** What the API server says to each question, `yes` or `no`. */
export async function answers(kubeconfig: string, questions: readonly Question[]): Promise<string[]> {
  const items = questions.map(({ account, namespace, group, resource, verb, name }) => {
    const [plural, subresource = ""] = resource.split("/");
    const [home = ""] = account.split(":");
    return {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: `system:serviceaccount:${account}`,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${home}`, "system:authenticated"],
        resourceAttributes: { namespace, group, resource: plural, subresource, verb, name },
      },
    };
  });
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const told = await kubectl(
    kubeconfig,
    ["create", "--output", "jsonpath={.status.allowed} ", "--filename", "-"],
    list,
  );
  return told
    .trim()
    .split(" ")
    .map((allowed) => (allowed === "true" ? "yes" : "no"));
}

/* What every account may ask about itself. */
const everybody = new Set([
  "create selfsubjectaccessreviews.authorization.k8s.io",
  "create selfsubjectrulesreviews.authorization.k8s.io",
  "create selfsubjectreviews.authentication.k8s.io",
]);

const ownRules = z.object({ status: z.object({ incomplete: z.boolean(), resourceRules: z.array(rule) }) });

/** All that an account (`namespace:name`) may do in a namespace, by the API server's own list, beyond what everybody may. */
export async function allRights(kubeconfig: string, account: string, namespace: string): Promise<Set<string>> {
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } };
  const as = ["--as", `system:serviceaccount:${account}`, "--validate=ignore"];
  const args = ["create", ...as, "--output", "json", "--filename", "-"];
  const printed = await kubectl(kubeconfig, args, JSON.stringify(review));
  const { incomplete, resourceRules } = ownRules.parse(JSON.parse(printed)).status;
  if (incomplete) throw new Error(`the API server's list of what ${account} may do is not complete`);
  const rights = rightsOf(resourceRules).map(tupleOf);
  return new Set(rights.filter((right) => !everybody.has(right)));
}

/** A table of docs/rights.md as questions, each with the answer that it gives. */
export function matrixOf(heading: string, accounts: Readonly<Record<string, string>>): (Question & { says: string })[] {
  const page = readFileSync(join(projectDir, "docs", "rights.md"), "utf8");
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [head = [], , ...body] = rows;
  return body.flatMap(([what = "", where = "", ...cells]) => {
    const right = rightOfCell(what);
    const namespace = where === "everywhere" ? "" : where.replaceAll("`", "");
    return cells.map((says, column) => {
      const title = head[column + 2] ?? "";
      const account = accounts[title];
      if (account === undefined) throw new Error(`docs/rights.md: nobody is called ${title}`);
      return { ...right, namespace, account, says };
    });
  });
}

function rightOfCell(cell: string): Right {
  const found = /^`(\S+) ([a-z]+)(?:\.([\w.-]+))?(?:\/([a-z]+))?(?: (\S+))?`$/.exec(cell);
  if (found === null) throw new Error(`docs/rights.md: ${cell} is no right`);
  const [, verb = "", plural = "", group = "", sub, name = ""] = found;
  return { verb, group, resource: sub === undefined ? plural : `${plural}/${sub}`, name };
}
