import { describe, expect, test } from "vitest";
import { authorizationPolicy, virtualService } from "../../policies/model/example.ts";
import { unknown } from "../../policies/model/values.ts";
import type { Value, ValueObject } from "../../policies/model/values.ts";
import { isProduction } from "../../policies/production.ts";
import { allowNotAlone } from "../../policies/rules/allow-not-alone.ts";
import { imagesByDigest } from "../../policies/rules/images-by-digest.ts";
import { jwtRequired } from "../../policies/rules/jwt-required.ts";
import { noPortLeftOut } from "../../policies/rules/no-port-left-out.ts";
import { strictMtls } from "../../policies/rules/strict-mtls.ts";
import { whenKeysKnown } from "../../policies/rules/when-keys-known.ts";
import { messagesOf } from "../support/policies.ts";

/** The same policy, said to be for show. */
function dryRun(said: Value, policy: ValueObject): ValueObject {
  const metadata: ValueObject = { name: "dry", namespace: "linly", annotations: { "istio.io/dry-run": said } };
  return { ...policy, metadata };
}

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
    ["a dry run, which refuses nobody", [dryRun("true", narrow)], 0],
    ["a dry run lets nobody in", [narrow, dryRun("true", authorizationPolicy("rest", { selector, rules: [{}] }))], 1],
    ["whether it is a dry run is not known", [narrow, dryRun(unknown, authorizationPolicy("rest", { selector }))], 0],
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
  const none = [{ source: { notRequestPrincipals: ["*"] } }];
  const any = [{ source: { requestPrincipals: ["*"] } }];
  const ask = (spec: ValueObject) => authorizationPolicy("ask", spec);
  const deny = (...rules: ValueObject[]) => ask({ action: "DENY", rules });
  const allow = (...rules: ValueObject[]) => ask({ rules });
  const to = (operation: ValueObject) => [{ operation }];
  const claim = (condition: ValueObject) => [{ key: "request.auth.claims[group]", ...condition }];
  const inRoot = (object: ValueObject) => ({ ...object, metadata: { name: "x", namespace: "istio-system" } });
  const byClaim = virtualService({ match: [{ headers: { "@request.auth.claims.group": { exact: "a" } } }], route: [] });

  test.each<[string, ValueObject[]]>([
    ["an ALLOW by principal", [allow({ from: any })]],
    ["an ALLOW by claim", [allow({ when: claim({ values: ["a"] }) })]],
    ["an ALLOW that names what is open", [allow({ from: any }, { to: to({ paths: ["/healthz"] }) })]],
    ["an ALLOW that names who else comes in", [allow({ from: [...any, { source: { namespaces: ["prober"] } }] })]],
    ["an ALLOW for nobody", [ask({})]],
    ["an ALLOW for nobody, and one by principal for some", [ask({}), ask({ selector, rules: [{ from: any }] })]],
    [
      "an ALLOW by principal, and some pods for anyone",
      [
        allow({ from: any }),
        authorizationPolicy("open", { selector: { matchLabels: { app: "webui", version: "open" } }, rules: [{}] }),
      ],
    ],
    ["a DENY without a token", [deny({ from: none })]],
    [
      "a DENY without a token of this issuer",
      [deny({ from: [{ source: { notRequestPrincipals: ["https://a/*"] } }] })],
    ],
    ["a DENY without a claim", [deny({ when: claim({ notValues: ["a"] }) })]],
    ["a DENY for one path, which says what is behind the door", [deny({ from: none, to: to({ paths: ["/admin"] }) })]],
    ["a DENY that names what stays open", [deny({ from: none, to: to({ notPaths: ["/healthz"] }) })]],
    ["a DENY for all paths, written as one", [deny({ from: none, to: to({ paths: ["/*"] }) })]],
    ["a DENY in the root namespace", [inRoot(deny({ from: none }))]],
    ["an authorizer of one's own", [ask({ action: "CUSTOM", provider: { name: "login" }, rules: [{}] })]],
    ["a DENY by a label of which nobody knows who has it", [ask({ ...inLabels("tier", "front"), ...denial(none) })]],
    ["a policy that is not known", [{ ...ask({}), spec: unknown }]],
    ["whether it is a dry run is not known", [dryRun(unknown, deny({ from: none }))]],
    ["tokens that are optional, by which requests are routed", [byClaim]],
    ["routes that are not known", [virtualService({ match: unknown })]],
  ])("closed: %s", (_, policies) => {
    expect(messagesOf(jwtRequired, [authentication, ...policies])).toEqual([]);
  });

  test.each<[string, ValueObject[]]>([
    ["a DENY for other pods", [ask({ ...inLabels("app", "x"), ...denial(none) })]],
    ["a DENY about something else", [deny({ to: [] })]],
    ["an AUDIT", [ask({ action: "AUDIT", rules: [{ from: none }] })]],
    ["an AUDIT beside routes by claim", [ask({ action: "AUDIT", rules: [{ from: none }] }), byClaim]],
    ["a DENY as a dry run", [dryRun("true", deny({ from: none }))]],
    ["an ALLOW of those without a token", [allow({ from: none })]],
    ["an ALLOW of those without a claim", [allow({ when: claim({ notValues: ["a"] }) })]],
    ["an ALLOW of one's neighbours alone", [allow({ from: [{ source: { namespaces: ["linly"] } }] })]],
    ["a DENY of one principal", [deny({ from: [{ source: { requestPrincipals: ["https://bad/*"] } }] })]],
    ["a DENY of those with a token", [deny({ from: [{ source: { ...any[0]?.source, ...none[0]?.source } }] })]],
    ["a DENY by claim", [deny({ when: claim({ values: ["banned"] }) })]],
    ["an ALLOW that lets anyone in besides", [allow({ from: any }, {})]],
    ["another ALLOW that does", [allow({ from: any }), authorizationPolicy("rest", { selector, rules: [{}] })]],
    ["an ALLOW of whatever it does not name", [allow({ from: any }, { to: to({ notPaths: ["/admin"] }) })]],
    ["a DENY for one method", [deny({ from: none, to: to({ methods: ["GET"] }) })]],
    ["a DENY on a condition", [deny({ from: none, when: [{ key: "request.headers[x]", values: ["y"] }] })]],
    [
      "a DENY for some of the pods",
      [ask({ selector: { matchLabels: { app: "webui", version: "v2" } }, ...denial(none) })],
    ],
  ])("open: %s", (_, policies) => {
    expect(messagesOf(jwtRequired, [authentication, ...policies])).toEqual([jwtRequired.bad.message]);
  });

  const everywhere = { ...authentication, spec: { jwtRules: [{}] } };
  test.each<[string, ValueObject, ValueObject]>([
    ["a whole namespace, and one app of it", everywhere, ask({ selector, ...denial(none) })],
    ["the whole mesh, and one namespace", inRoot(everywhere), ask(denial(none))],
  ])("open: tokens for %s that is locked", (_, tokens, policy) => {
    expect(messagesOf(jwtRequired, [tokens, policy])).toHaveLength(1);
  });

  function inLabels(key: string, value: string) {
    return { selector: { matchLabels: { [key]: value } } };
  }

  function denial(from: ValueObject[]) {
    return { action: "DENY", rules: [{ from }] };
  }
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
      "Pod linly/x: traffic.sidecar.istio.io/includeInboundPorts keeps all but 8000 from the sidecar: take it away",
      "Pod linly/x: traffic.sidecar.istio.io/includeInboundPorts keeps all but none from the sidecar: take it away",
      "CronJob linly/y: traffic.sidecar.istio.io/excludeInboundPorts keeps 1,2 from the sidecar: take it away",
    ]);
    expect(messagesOf(noPortLeftOut, [pod(annotations("excludeInboundPorts", "")), pod({})])).toEqual([]);
  });

  test.each<[ValueObject, string | undefined]>([
    [{ "sidecar.istio.io/interceptionMode": "NONE" }, "sidecar.istio.io/interceptionMode: NONE keeps all ports"],
    [
      { "proxy.istio.io/config": '{ "interceptionMode": "NONE" }' },
      "interceptionMode: NONE in proxy.istio.io/config keeps all ports",
    ],
    [
      { "proxy.istio.io/config": "concurrency: 2\ninterceptionMode: 'NONE' # for a while\n" },
      "interceptionMode: NONE in proxy.istio.io/config keeps all ports",
    ],
    [
      { "traffic.sidecar.istio.io/excludeInterfaces": "eth1" },
      "traffic.sidecar.istio.io/excludeInterfaces keeps the interfaces eth1",
    ],
    [{ "sidecar.istio.io/interceptionMode": "TPROXY", "proxy.istio.io/config": "interceptionMode: NONE" }, undefined],
    [{ "proxy.istio.io/config": "proxyMetadata:\n  interceptionMode: NONE\n" }, undefined],
    [{ "proxy.istio.io/config": unknown, "traffic.sidecar.istio.io/excludeInterfaces": "" }, undefined],
  ])("no-port-left-out: %j", (given, found) => {
    const template: ValueObject = { metadata: { annotations: given } };
    const controller = { apiVersion: "v1", kind: "ReplicationController", metadata: { name: "x", namespace: "linly" } };
    expect(messagesOf(noPortLeftOut, [{ ...controller, spec: { template } }])).toEqual(
      found === undefined ? [] : [`ReplicationController linly/x: ${found} from the sidecar: take it away`],
    );
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
      { apiVersion: "v1", kind: "ReplicationController", ...job },
      { apiVersion: "batch/v1", kind: "Job", ...job },
      { apiVersion: "batch/v1", kind: "CronJob", metadata, spec: { jobTemplate: job } },
    ];
    expect(messagesOf(imagesByDigest, manifests)).toHaveLength(8 * 3);
  });
});
