import { beforeAll, describe, expect, test } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import { projectDir } from "../../cli/project.ts";
import { stacksOf } from "../../cli/stack-file.ts";
import type { MeshConfig } from "../../config/schema.ts";
import type { JsonObject, Plan } from "../../engine/index.ts";
import { at, manifests, stepTitled } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";

const waited = { "pulumi.com/waitFor": "condition=Ready" };

const certManagerKinds = (plan: Plan) =>
  ["Issuer", "Certificate"].flatMap((kind) => manifests(plan, kind)).map(titleOf);

function titleOf(object: JsonObject): string {
  return `${String(object["kind"])} ${String(at(object, "metadata", "namespace"))}/${String(at(object, "metadata", "name"))}`;
}

const specOf = (plan: Plan, title: string) => at(stepTitled(plan, title).inputs, "spec");

describe("a mesh whose CA is by cert-manager", () => {
  let plan: Plan;

  beforeAll(async () => {
    plan = await planOf(stackWith("local"));
  });

  test("has a root, an Issuer by it and, apart, its own intermediate, each of which is waited for", () => {
    const made = [...manifests(plan, "Issuer"), ...manifests(plan, "Certificate")];
    expect(made.map(titleOf).sort()).toEqual([
      "Certificate istio-system/cacerts",
      "Certificate istio-system/mesh-root",
      "Issuer istio-system/mesh-root",
      "Issuer istio-system/mesh-root-self-signed",
    ]);
    for (const object of made) expect(at(object, "metadata", "annotations")).toEqual(waited);
    expect(specOf(plan, "Certificate istio-system/cacerts")).toMatchObject({
      secretName: "cacerts",
      isCA: true,
      commonName: "local intermediate",
      subject: { organizations: ["cluster.local"] },
      issuerRef: { kind: "Issuer", name: "mesh-root" },
    });
  });

  test("gives istiod the Secret as a must", () => {
    const values = at(stepTitled(plan, "Release istio-system/istiod").inputs, "values");
    expect(at(values, "volumes")).toEqual([{ name: "required-ca", secret: { secretName: "cacerts" } }]);
  });

  test("puts no key and no Secret of a CA into the plan", () => {
    expect(manifests(plan, "Secret").map(titleOf)).toEqual([]);
    expect(JSON.stringify(plan)).not.toMatch(/PRIVATE KEY|tls\.key/);
  });
});

test("every stack is STRICT everywhere: one PeerAuthentication, no port beside it, no pod that keeps one from its sidecar", async () => {
  for (const stack of stacksOf(projectDir)) {
    const plan = await planOf(stackWith(stack));
    const policies = manifests(plan, "PeerAuthentication");
    expect(policies.map(titleOf), stack).toEqual(["PeerAuthentication istio-system/default"]);
    expect(policies.map(({ spec }) => spec)).toEqual([{ mtls: { mode: "STRICT" } }]);
    expect(JSON.stringify(plan)).not.toMatch(/(?:exclude|include)Inbound|portLevelMtls|"DISABLE"|PERMISSIVE/);
  }
});

test("a lifetime of the stack's own stands in every pod with a sidecar, so that they are made anew for it", async () => {
  const withTtl = (mesh: MeshConfig): MeshConfig => ({
    ...mesh,
    istio: { ...mesh.istio, workloadCertificates: { ttl: "90m" } },
  });
  const [plan, before] = await Promise.all([planOf(stackWith("local", withTtl)), planOf(stackWith("local"))]);
  const configs = (one: Plan) =>
    manifests(one, "Deployment")
      .filter((object) => at(object, "metadata", "namespace") === "linly")
      .map((object) => String(at(object, "spec", "template", "metadata", "annotations", "proxy.istio.io/config")));
  const pods = configs(plan);
  expect(pods.length).toBe(5);
  for (const text of pods) expect(text).toContain('"SECRET_TTL":"90m"');
  for (const text of configs(before)) expect(text).not.toContain("SECRET_TTL");
  const values = (release: string) => at(stepTitled(plan, `Release ${release}`).inputs, "values");
  expect(at(values("istio-ingress/istio-ingress"), "podAnnotations", "proxy.istio.io/config")).toContain("90m");
  expect(at(values("istio-system/istiod"), "env", "MAX_WORKLOAD_CERT_TTL")).toBe("90m");
  expect(at(values("istio-system/istiod"), "meshConfig", "defaultConfig", "proxyMetadata", "SECRET_TTL")).toBe("90m");
});

describe("users who come in by TLS", () => {
  let dev: Plan;
  let prod: Plan;
  const byAcme = (mesh: MeshConfig): MeshConfig => {
    const issuer = { acme: { email: "ops@example.com", server: "https://acme.example.com/directory" } };
    const { tls } = mesh.ingress;
    return inOneCluster({ ...mesh, ingress: { ...mesh.ingress, ...(tls && { tls: { ...tls, issuer } }) } });
  };

  beforeAll(async () => {
    [dev, prod] = await Promise.all([planOf(stackWith("dev")), planOf(stackWith("prod", byAcme))]);
  });

  test("with a CA of the stack's own: root, Issuer and certificate where the gateway reads it", () => {
    expect(certManagerKinds(dev).sort()).toEqual([
      "Certificate istio-ingress/ingress-ca",
      "Certificate istio-ingress/ingress-certificate",
      "Issuer istio-ingress/ingress-ca",
      "Issuer istio-ingress/ingress-ca-self-signed",
    ]);
  });

  test("with an ACME authority: its Issuer, whose challenges istiod hands to the gateway", () => {
    expect(certManagerKinds(prod).sort()).toEqual([
      "Certificate istio-ingress/ingress-certificate",
      "Certificate istio-system/cacerts",
      "Certificate istio-system/mesh-root",
      "Issuer istio-ingress/ingress-acme",
      "Issuer istio-system/mesh-root",
      "Issuer istio-system/mesh-root-self-signed",
    ]);
    const meshConfig = (plan: Plan) =>
      at(stepTitled(plan, "Release istio-system/istiod").inputs, "values", "meshConfig");
    expect(at(meshConfig(prod), "ingressSelector")).toBe("ingress");
    // Elsewhere whoever may make an Ingress opens nothing.
    expect(at(meshConfig(dev), "ingressSelector")).toBeUndefined();
  });

  test("with an issuer that is there: nothing but the certificate", async () => {
    const existing = { kind: "ClusterIssuer", name: "corporate" } as const;
    const plan = await planOf(
      stackWith("dev", (mesh) => ({
        ...mesh,
        ingress: { ...mesh.ingress, tls: { issuer: { existing }, duration: "2160h", hstsMaxAge: "0s" } },
      })),
    );
    expect(certManagerKinds(plan)).toEqual(["Certificate istio-ingress/ingress-certificate"]);
    const certificate = specOf(plan, "Certificate istio-ingress/ingress-certificate");
    expect(at(certificate, "issuerRef")).toEqual(existing);
  });

  test("port 443 has the pipeline's routes, each with HSTS; port 80 has the way there and nothing else", () => {
    const servers = (name: string) => at(specOf(prod, `Gateway linly/${name}`), "servers");
    expect(servers("ingress")).toMatchObject([
      { port: { number: 443 }, tls: { credentialName: "ingress-certificate" } },
    ]);
    expect(servers("ingress-http")).toEqual([
      { port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["talk.example.com"] },
    ]);
    const route = specOf(prod, "VirtualService linly/ingress");
    expect(at(route, "gateways")).toEqual(["ingress"]);
    const http = at(route, "http");
    const routes = Array.isArray(http) ? http : [];
    expect(routes.length).toBeGreaterThan(1);
    for (const one of routes)
      expect(at(one, "headers", "response", "set")).toEqual({ "strict-transport-security": "max-age=31536000" });
    expect(specOf(prod, "VirtualService linly/ingress-http")).toEqual({
      hosts: ["talk.example.com"],
      gateways: ["ingress-http"],
      http: [{ name: "to-https", redirect: { scheme: "https", redirectCode: 301 } }],
    });
  });

  test("a dialogue's cookie goes by TLS alone; the control: without TLS it may not", async () => {
    const withDialogues = (mesh: MeshConfig): MeshConfig => ({
      ...mesh,
      pins: { dialogues: { stages: ["llm"], cookie: "linly-versions", maxAge: "12h" } },
    });
    const text = async (change: (mesh: MeshConfig) => MeshConfig) =>
      JSON.stringify(specOf(await planOf(stackWith("prod", change)), "VirtualService linly/ingress"));
    expect(await text(withDialogues)).toContain("; Secure; HttpOnly");
    expect(await text((mesh) => withDialogues({ ...mesh, ingress: { hosts: mesh.ingress.hosts } }))).not.toContain(
      "Secure",
    );
  });
});
