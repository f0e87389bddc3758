import { describe, expect, test } from "vitest";
import { authorizationPolicy } from "../../policies/model/example.ts";
import { unknown } from "../../policies/model/values.ts";
import type { ValueObject } from "../../policies/model/values.ts";
import { isProduction } from "../../policies/production.ts";
import { allowNotAlone } from "../../policies/rules/allow-not-alone.ts";
import { imagesByDigest } from "../../policies/rules/images-by-digest.ts";
import { jwtRequired } from "../../policies/rules/jwt-required.ts";
import { noPortLeftOut } from "../../policies/rules/no-port-left-out.ts";
import { strictMtls } from "../../policies/rules/strict-mtls.ts";
import { whenKeysKnown } from "../../policies/rules/when-keys-known.ts";
import { messagesOf } from "../support/policies.ts";

describe("allow-not-alone", () => {
  const selector = { matchLabels: { app: "tts-service" } };
  const from = (name: string) => [{ source: { principals: [`cluster.local/ns/linly/sa/${name}`] } }];
  const to = (...paths: string[]) => [{ operation: { paths } }];
  const allow = (...given: ValueObject[]) => authorizationPolicy("allow", { selector, rules: given });
  const narrow = allow({ from: from("uploader"), to: to("/upload") });

  test.each<[string, ValueObject[], number]>([
    ["an edge of the pipeline: everything from one caller", [allow({ from: from("llm") })], 0],
    [
      "a caller for each path: a design",
      [allow({ from: from("llm"), to: to("/speak") }, { from: from("uploader"), to: to("/upload") })],
      0,
    ],
    [
      "two paths for one caller",
      [allow({ from: from("uploader"), to: to("/upload") }, { from: from("uploader"), to: to("/delete") })],
      1,
    ],
    ["another policy lets the rest in", [narrow, authorizationPolicy("rest", { selector, rules: [{}] })], 0],
    [
      "another policy for the whole namespace does",
      [narrow, authorizationPolicy("rest", { rules: [{ from: from("llm") }] })],
      0,
    ],
    [
      "another policy for other pods does not",
      [narrow, authorizationPolicy("rest", { selector: { matchLabels: { app: "x" } }, rules: [{}] })],
      1,
    ],
    ["closed on purpose", [narrow, authorizationPolicy("nothing", {})], 0],
    [
      "a DENY for the same path",
      [authorizationPolicy("deny", { selector, action: "DENY", rules: [{ to: to("/upload") }] })],
      0,
    ],
    ["every path, written as one", [allow({ to: to("/*") })], 0],
    ["a path, not other ones", [allow({ to: [{ operation: { notPaths: ["/upload"] } }] })], 0],
    ["another policy that is not known", [narrow, { ...authorizationPolicy("rest", {}), spec: unknown }], 0],
  ])("%s", (_, manifests, reported) => {
    expect(messagesOf(allowNotAlone, manifests)).toHaveLength(reported);
  });
});

describe("when-keys-known", () => {
  test.each([
    ["request.headers[x-user]", undefined],
    ["request.headers", "request.headers[…]"],
    ["request.auth.claims[iss]", undefined],
    ["experimental.envoy.filters.network.mysql_proxy[db.table]", undefined],
    ["source.ip", undefined],
    ["source.principals", '"source.principal"'],
    ["request.url_path", "to.operation.paths"],
    ["request.method", "to.operation.methods"],
    ["entirely.other", "known are source.ip, remote.ip"],
  ])("%s", (key, fix) => {
    const messages = messagesOf(whenKeysKnown, [authorizationPolicy("x", { rules: [{ when: [{ key }] }] })]);
    expect(messages).toEqual(fix === undefined ? [] : [expect.stringContaining(fix)]);
  });
});

describe("jwt-required", () => {
  const [authentication = {}] = jwtRequired.bad.objects;
  const selector = { matchLabels: { app: "webui" } };
  const source = { notRequestPrincipals: ["*"] };
  const ask = (spec: ValueObject) => authorizationPolicy("ask", spec);

  test.each<[string, ValueObject[], number]>([
    ["an ALLOW by principal", [ask({ rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }] })], 0],
    ["an ALLOW by claim", [ask({ rules: [{ when: [{ key: "request.auth.claims[group]", values: ["a"] }] }] })], 0],
    [
      "a DENY for other pods",
      [ask({ selector: { matchLabels: { app: "x" } }, action: "DENY", rules: [{ from: [{ source }] }] })],
      1,
    ],
    ["a DENY about something else", [ask({ selector, action: "DENY", rules: [{ to: [] }] })], 1],
    [
      "a DENY in the root namespace",
      [
        {
          ...ask({ action: "DENY", rules: [{ from: [{ source }] }] }),
          metadata: { name: "x", namespace: "istio-system" },
        },
      ],
      0,
    ],
    ["a policy that is not known", [{ ...ask({}), spec: unknown }], 0],
  ])("%s", (_, policies, reported) => {
    expect(messagesOf(jwtRequired, [authentication, ...policies])).toHaveLength(reported);
  });
});

describe("rules of production", () => {
  test.each<[string, "auto" | boolean, boolean]>([
    ["prod", "auto", true],
    ["prod-eu", "auto", true],
    ["local", "auto", false],
    ["local", true, true],
    ["prod", false, false],
  ])("stack %s, production: %s", (stack, production, expected) => {
    expect(isProduction(`urn:pulumi:${stack}::p::t::n`, { production })).toBe(expected);
  });

  test("no-port-left-out sees ports that are named to be seen, and pods of every kind", () => {
    const annotations = (key: string, value: string) => ({ [`traffic.sidecar.istio.io/${key}`]: value });
    const pod = (given: ValueObject) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "x", namespace: "linly", annotations: given },
      spec: {},
    });
    const template = { metadata: { annotations: annotations("excludeInboundPorts", "1,2") } };
    const cronJob = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "y", namespace: "linly" },
      spec: { jobTemplate: { spec: { template } } },
    };
    const objects = [
      pod(annotations("includeInboundPorts", "8000")),
      pod(annotations("includeInboundPorts", "")),
      cronJob,
    ];
    expect(messagesOf(noPortLeftOut, objects)).toEqual([
      "Pod linly/x: traffic.sidecar.istio.io/includeInboundPorts keeps all but 8000 from the sidecar: take the annotation away",
      "Pod linly/x: traffic.sidecar.istio.io/includeInboundPorts keeps all but none from the sidecar: take the annotation away",
      "CronJob linly/y: traffic.sidecar.istio.io/excludeInboundPorts keeps 1,2 from the sidecar: take the annotation away",
    ]);
    expect(messagesOf(noPortLeftOut, [pod(annotations("excludeInboundPorts", "")), pod({})])).toEqual([]);
  });

  test("strict-mtls sees single ports", () => {
    const [policy = {}] = strictMtls.good;
    const portLevelMtls = { 8080: { mode: "DISABLE" }, 9090: { mode: "STRICT" }, 9091: { mode: "UNSET" } };
    const spec = { mtls: { mode: "STRICT" }, portLevelMtls };
    expect(messagesOf(strictMtls, [{ ...policy, spec }])).toEqual([
      "PeerAuthentication linly/default: portLevelMtls.8080.mode is DISABLE: write STRICT",
    ]);
  });

  test("images-by-digest sees every container of every workload, and image volumes", () => {
    const pod: ValueObject = {
      initContainers: [{ name: "init", image: "a" }],
      containers: [
        { name: "main", image: "b" },
        { name: "istio-proxy", image: "auto" },
        { name: "later", image: unknown },
      ],
      volumes: [{ name: "model", image: { reference: "c" } }],
    };
    const metadata = { name: "x" };
    const job: ValueObject = { metadata, spec: { template: { spec: pod } } };
    const manifests = [
      { apiVersion: "v1", kind: "Pod", metadata, spec: pod },
      ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map((kind) => ({
        apiVersion: "apps/v1",
        kind,
        ...job,
      })),
      { apiVersion: "batch/v1", kind: "Job", ...job },
      { apiVersion: "batch/v1", kind: "CronJob", metadata, spec: { jobTemplate: job } },
    ];
    expect(messagesOf(imagesByDigest, manifests)).toHaveLength(7 * 3);
  });
});
