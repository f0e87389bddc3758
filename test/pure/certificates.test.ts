import { describe, expect, test } from "vitest";
import { caEnv, certificateMetadata, requiredCa } from "../../components/istio/ca-values.ts";
import { acmeSpec, ingressCertificateSpec } from "../../components/security/ingress-certificate.ts";
import { intermediateSpec } from "../../components/security/mesh-ca.ts";
import { rootSpec } from "../../components/security/own-ca.ts";
import { httpServer, httpsServer, withHsts } from "../../components/traffic/ingress-tls.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { seconds } from "../../config/quantities.ts";
import { duration } from "../../config/scalars.ts";
import { clusterNamed } from "../support/clusters.ts";

const mesh = (change: { ingress?: unknown; istio?: object; addons?: unknown } = {}) => ({
  mode: "chain",
  pipeline: ["llm"],
  clusters: [{ name: "c", network: "n", region: "r" }],
  services: { llm: { versions: [{ name: "v1", weight: 100, image: "x/llm:1" }] } },
  ...change,
  istio: { charts: { folder: "charts" }, ...change.istio },
});

const hosts = ["talk.example.com"];

describe("ingress.tls in a stack file", () => {
  const tls = (given: object, names: readonly string[] = hosts) => mesh({ ingress: { hosts: names, tls: given } });

  test("its defaults", () => {
    expect(parseMesh(mesh(), "s").ingress.tls).toBeUndefined();
    const acme = { email: "ops@example.com", server: "https://acme-v02.api.letsencrypt.org/directory" };
    const common = { duration: "2160h", hstsMaxAge: "8760h" };
    expect(parseMesh(tls({ issuer: { acme: { email: acme.email } } }), "s").ingress.tls).toEqual({
      issuer: { acme },
      ...common,
    });
    expect(parseMesh(tls({ issuer: { existing: { name: "corporate" } } }), "s").ingress.tls).toEqual({
      issuer: { existing: { kind: "ClusterIssuer", name: "corporate" } },
      ...common,
    });
  });

  const acme = { acme: { email: "ops@example.com" } };
  const ofTwo = {
    topology: "primary-remote",
    istio: { charts: { folder: "charts" }, ca: "certManager" },
    clusters: [clusterNamed("north"), clusterNamed("east", { role: "remote" })],
  };
  const off = { certManager: { install: false } };
  test.each<[unknown, RegExp[]]>([
    [tls({}), [/^ingress\.tls\.issuer {2}is missing; it must be an issuer: "ownCa", /]],
    [tls({ issuer: "letsencrypt" }), [/^ingress\.tls\.issuer {2}"letsencrypt" is not an issuer: "ownCa", /]],
    [tls({ issuer: { acme: { email: "ops" } } }), [/^ingress\.tls\.issuer/]],
    [tls({ issuer: "ownCa", duration: "10m" }), [/^ingress\.tls\.duration {2}"10m" is not a lifetime from "1h"/]],
    [tls({ issuer: "ownCa", renewBefore: "1m" }), [/^ingress\.tls\.renewBefore {2}"1m" is not a time from "5m"/]],
    [
      tls({ issuer: "ownCa", duration: "24h", renewBefore: "24h" }),
      [/^ingress\.tls\.renewBefore {2}"24h" is not less than the lifetime, ingress\.tls\.duration$/],
    ],
    [tls({ issuer: "ownCa", hstsMaxAge: "3y" }), [/^ingress\.tls\.hstsMaxAge/]],
    [tls({ issuer: "ownCa" }, ["*"]), [/^ingress\.hosts\[0\] {2}"\*" is no name, and a certificate is for names/]],
    [mesh({ ingress: { tls: { issuer: "ownCa" } } }), [/^ingress\.hosts {2}"\*" is no name/]],
    [
      tls({ issuer: acme }, ["a.example.com", "*.example.org"]),
      [/^ingress\.hosts\[1\] {2}"\*\.example\.org": an ACME/],
    ],
    [tls({ issuer: "ownCa" }, ["*.example.org"]), []],
    [
      tls({ issuer: "ownCa" }, ["203.0.113.7"]),
      [
        /^ingress\.hosts\[0\] {2}"203\.0\.113\.7" is an address, and no client asks for a certificate by one; name a host/,
      ],
    ],
    [mesh({ ingress: { hosts: ["203.0.113.7"] } }), []],
    [
      mesh({ addons: off, ingress: { hosts, tls: { issuer: acme } } }),
      [/^ingress\.tls\.issuer {2}"acme" takes the cert-manager that this program installs/],
    ],
    [mesh({ addons: off, ingress: { hosts, tls: { issuer: { existing: { name: "x" } } } } }), []],
    [
      { ...tls({ issuer: acme }), ...ofTwo },
      [/^ingress\.tls\.issuer {2}"acme" asks for each name by HTTP, and in the remote east no control plane reads/],
    ],
    [{ ...tls({ issuer: { existing: { name: "x" } } }), ...ofTwo }, []],
  ])("%j", (raw, expected) => {
    const found = faultsOf(raw);
    expect(found).toEqual(expected.map((text) => expect.stringMatching(text)));
  });
});

describe("istio.ca and istio.workloadCertificates in a stack file", () => {
  test("their defaults are what Istio does by itself", () => {
    const { ca, workloadCertificates } = parseMesh(mesh(), "s").istio;
    expect({ ca, workloadCertificates }).toEqual({ ca: "istiod", workloadCertificates: { ttl: "24h" } });
  });

  test.each<[object, unknown, RegExp[]]>([
    [{ ca: "vault" }, {}, [/^istio\.ca {2}"vault" is not a CA: "istiod" \(its own\), "certManager"/]],
    [
      { ca: "certManager" },
      { certManager: { install: false } },
      [/^istio\.ca {2}"certManager" takes the cert-manager that this program installs/],
    ],
    [{ ca: "existing" }, { certManager: { install: false } }, []],
    [{ ca: "certManager", meshId: "m".repeat(59) }, {}, []],
    [{ ca: "existing", meshId: "m".repeat(63) }, {}, []],
    [
      { ca: "certManager", meshId: "m".repeat(60) },
      {},
      [/^istio\.meshId {2}"m+" has 60 characters; with ca: certManager, whose root is named by it, at most 59$/],
    ],
    [{ ca: "certManager", meshId: "m".repeat(64) }, {}, [/^istio\.meshId {2}"m+" is not a name of at most 63 /]],
    [
      { ca: "existing", values: { istiod: { volumes: [] } } },
      {},
      [/^istio\.values\.istiod\.volumes {2}is not for the stack/],
    ],
    [{ values: { istiod: { volumes: [] } } }, {}, []],
    [{ workloadCertificates: { ttl: "1m" } }, {}, [/^istio\.workloadCertificates\.ttl {2}"1m" is not a lifetime/]],
    [
      { workloadCertificates: { ttl: "2161h" } },
      {},
      [/^istio\.workloadCertificates\.ttl {2}"2161h" is not a lifetime/],
    ],
    [
      { values: { istiod: { env: { MAX_WORKLOAD_CERT_TTL: "9999h" } } } },
      {},
      [/^istio\.values\.istiod\.env\.MAX_WORKLOAD_CERT_TTL {2}is not for the stack file to set: set istio\.workload/],
    ],
  ])("%j with addons %j", (istio, addons, expected) => {
    expect(faultsOf(mesh({ istio, addons }))).toEqual(expected.map((text) => expect.stringMatching(text)));
  });
});

function faultsOf(raw: unknown): string[] {
  return checkMesh(raw).faults.map(({ path, message }) => `${path}  ${message}`);
}

describe("what istiod and its proxies are told", () => {
  const istio = (change: object) => parseMesh(mesh({ istio: change }), "s").istio;

  test.each<[object, Record<string, string>, string]>([
    [{}, {}, "24h"],
    [{ workloadCertificates: { ttl: "1440m" } }, {}, "1440m"],
    [{ workloadCertificates: { ttl: "90m" } }, { SECRET_TTL: "90m" }, "90m"],
  ])("%j: proxies ask by %j, istiod signs for %s at most", (change, metadata, ttl) => {
    expect(certificateMetadata(istio(change))).toEqual(metadata);
    expect(caEnv(istio(change))).toEqual({ DEFAULT_WORKLOAD_CERT_TTL: ttl, MAX_WORKLOAD_CERT_TTL: ttl });
  });

  test.each(["certManager", "existing"])("with ca %s istiod does not start without the Secret", (ca) => {
    expect(requiredCa(istio({ ca }))).toEqual({
      volumes: [{ name: "required-ca", secret: { secretName: "cacerts" } }],
      volumeMounts: [{ name: "required-ca", mountPath: "/etc/required-ca", readOnly: true }],
    });
    expect(requiredCa(istio({}))).toEqual({});
  });
});

describe("certificates", () => {
  const issuerRef = { kind: "Issuer" as const, name: "mesh-root" };

  test("a workload's certificate never outlives the intermediate that signed it, nor that the root", () => {
    const length = (text: string | undefined) => seconds(duration.parse(text));
    const [root, intermediate] = [rootSpec("mesh-root", "linly root"), intermediateSpec(issuerRef, "c", "d")];
    expect(length(intermediate.renewBefore)).toBeGreaterThanOrEqual(length("2160h"));
    expect(length(root.renewBefore)).toBeGreaterThanOrEqual(length(intermediate.duration));
    // The same key under the same name: what the root signed before is good under its next certificate.
    expect(root.privateKey.rotationPolicy).toBe("Never");
    expect([root.isCA, intermediate.isCA]).toEqual([true, true]);
  });

  test("users': for the ingress' names, of a key that is new each time", () => {
    const tls = { issuer: "ownCa", duration: "24h", renewBefore: "8h", hstsMaxAge: "0s" } as const;
    expect(ingressCertificateSpec(tls, hosts, issuerRef)).toEqual({
      secretName: "ingress-certificate",
      issuerRef,
      duration: "24h",
      renewBefore: "8h",
      dnsNames: hosts,
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    });
  });

  test("challenges are Ingresses of the class that istiod heeds", () => {
    expect(acmeSpec("ingress-acme", { email: "a@example.com", server: "https://acme.example.com" })).toEqual({
      acme: {
        server: "https://acme.example.com",
        email: "a@example.com",
        privateKeySecretRef: { name: "ingress-acme-account" },
        solvers: [{ http01: { ingress: { class: "istio" } } }],
      },
    });
  });
});

describe("the gateway", () => {
  test("speaks TLS 1.2 and newer, with authenticated encryption and forward secrecy alone", () => {
    expect(httpServer(hosts)).toEqual({ port: { number: 80, name: "http", protocol: "HTTP" }, hosts });
    const { tls, ...server } = httpsServer(hosts, "secret");
    expect(server).toEqual({ port: { number: 443, name: "https", protocol: "HTTPS" }, hosts });
    expect(tls).toMatchObject({ mode: "SIMPLE", credentialName: "secret", minProtocolVersion: "TLSV1_2" });
    expect(tls?.cipherSuites?.every((suite) => /^ECDHE-ECDSA-.*(GCM|POLY1305)/.test(suite))).toBe(true);
  });

  test("adds HSTS to what a route does to answers anyway", () => {
    const route = {
      name: "a",
      route: [],
      headers: { request: { remove: ["x"] }, response: { add: { "set-cookie": "y" } } },
    };
    expect(withHsts(route, "1h")).toEqual({
      ...route,
      headers: {
        request: { remove: ["x"] },
        response: { add: { "set-cookie": "y" }, set: { "strict-transport-security": "max-age=3600" } },
      },
    });
  });
});
