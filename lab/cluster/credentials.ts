import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LabError } from "../errors.ts";
import { run } from "../run.ts";
import { writeAtomically } from "../state.ts";
import { networkPoliciesUser } from "./network-policies.ts";
import type { ClusterPlan } from "./plan.ts";

interface Identity {
  /** Name of its kubeconfig. */
  name: string;
  user: string;
  groups: string[];
}

/** Everyone who speaks to the API server: the user, the components, each node. */
function identities(plan: ClusterPlan): Identity[] {
  return [
    { name: "admin", user: "lab-admin", groups: ["system:masters"] },
    { name: "kube-controller-manager", user: "system:kube-controller-manager", groups: [] },
    { name: "kube-scheduler", user: "system:kube-scheduler", groups: [] },
    { name: "kube-proxy", user: "system:kube-proxy", groups: [] },
    { name: networkPoliciesUser, user: networkPoliciesUser, groups: [] },
    ...plan.nodes.map(({ spec }) => {
      return { name: `kubelet-${spec.name}`, user: `system:node:${spec.name}`, groups: ["system:nodes"] };
    }),
  ];
}

export function credential(plan: ClusterPlan, file: string): string {
  return join(plan.credentialsDir, file);
}

export function kubeconfigOf(plan: ClusterPlan, identity: string): string {
  return credential(plan, `${identity}.kubeconfig`);
}

/** Makes what is missing: a CA, the API server's certificates, the service accounts' key, a token for each identity. */
export async function ensureCredentials(plan: ClusterPlan): Promise<void> {
  const done = credential(plan, "complete");
  if (existsSync(done)) return;
  await mkdir(plan.credentialsDir, { recursive: true, mode: 0o700 });
  const { apiService, controlPlane } = plan.addresses;
  const names = ["kubernetes", "default", "svc", "cluster", "local"];
  const alternatives = [
    "IP:127.0.0.1",
    `IP:${controlPlane}`,
    `IP:${apiService}`,
    "DNS:localhost",
    "DNS:kubernetes",
    ...[2, 3, 5].map((count) => `DNS:${names.slice(0, count).join(".")}`),
  ];
  await certificate(plan, "ca", `/CN=${plan.spec.name}-ca`, [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
  ]);
  await Promise.all([
    certificate(plan, "apiserver", "/CN=kube-apiserver", [
      "basicConstraints=CA:FALSE",
      "extendedKeyUsage=serverAuth",
      `subjectAltName=${alternatives.join(",")}`,
    ]),
    certificate(plan, "apiserver-kubelet", "/O=system:masters/CN=kube-apiserver", [
      "basicConstraints=CA:FALSE",
      "extendedKeyUsage=clientAuth",
    ]),
    serviceAccountKeys(plan),
    tokens(plan),
  ]);
  await writeFile(done, "");
}

async function certificate(plan: ClusterPlan, name: string, subject: string, extensions: string[]): Promise<void> {
  const signer = name === "ca" ? [] : ["-CA", credential(plan, "ca.crt"), "-CAkey", credential(plan, "ca.key")];
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(" ");
  const files = ["-keyout", credential(plan, `${name}.key`), "-out", credential(plan, `${name}.crt`)];
  const content = ["-days", "3650", "-subj", subject, ...extensions.flatMap((extension) => ["-addext", extension])];
  await run("openssl", ["req", "-x509", ...key, ...content, ...signer, ...files]);
}

async function serviceAccountKeys(plan: ClusterPlan): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await writeFile(credential(plan, "service-accounts.key"), privateKey, { mode: 0o600 });
  await writeFile(credential(plan, "service-accounts.pub"), publicKey);
}

async function tokens(plan: ClusterPlan): Promise<void> {
  const ofAll = identities(plan).map((identity) => ({ ...identity, token: randomBytes(24).toString("hex") }));
  const lines = ofAll.map(({ token, user, groups }) => `${token},${user},${user},"${groups.join(",")}"\n`);
  await writeFile(credential(plan, "tokens.csv"), lines.join(""), { mode: 0o600 });
  await Promise.all(
    ofAll.map(async ({ name, token }) => {
      await writeAtomically(kubeconfigOf(plan, name), await kubeconfig([{ plan, token }]));
    }),
  );
}

/** Writes the kubeconfig for the lab's user: a context a cluster, named as the cluster. */
export async function writeUserKubeconfig(path: string, lab: string, plans: readonly ClusterPlan[]): Promise<void> {
  const entries = plans.map(async (plan) => ({ plan, token: await adminToken(plan) }));
  const content = `# Written by the lab "${lab}"; lab down removes it.\n${await kubeconfig(await Promise.all(entries))}`;
  if ((await readFile(path, "utf8").catch(() => "")) !== content) await writeAtomically(path, content);
}

async function adminToken(plan: ClusterPlan): Promise<string> {
  const csv = await readFile(credential(plan, "tokens.csv"), "utf8");
  const token = csv
    .split("\n")
    .find((line) => line.includes(",lab-admin,"))
    ?.split(",")[0];
  if (token === undefined) throw new LabError(`${credential(plan, "tokens.csv")} has no token for lab-admin`);
  return token;
}

async function kubeconfig(entries: readonly { plan: ClusterPlan; token: string }[]): Promise<string> {
  const clusters = entries.map(async ({ plan }) => ({
    name: plan.spec.name,
    cluster: {
      server: plan.server,
      "certificate-authority-data": (await readFile(credential(plan, "ca.crt"))).toString("base64"),
    },
  }));
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: await Promise.all(clusters),
    users: entries.map(({ plan, token }) => ({ name: plan.spec.name, user: { token } })),
    contexts: entries.map(({ plan: { spec } }) => ({
      name: spec.name,
      context: { cluster: spec.name, user: spec.name },
    })),
    "current-context": entries[0]?.plan.spec.name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
