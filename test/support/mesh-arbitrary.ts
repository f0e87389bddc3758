import fc from "fast-check";
import { simulator } from "../../services/engines/simulated.ts";
import { standing } from "../../services/standing.ts";
import { stageOf, stageNames, type StageName } from "../../services/catalogue.ts";

/** What may stand under `linly-mesh:mesh`, of every shape that the schema allows, as a user would write it. */

/** A name of at most so many characters. Made once each: to make one takes longer than to draw a thousand from it. */
const names = new Map(
  [20, 30, 40, 63].map((max) => [max, fc.stringMatching(new RegExp(`^[a-z](?:[-a-z0-9]{0,${max - 2}}[a-z0-9])?$`))]),
);
function name(max: number): fc.Arbitrary<string> {
  const found = names.get(max);
  if (found === undefined) throw new RangeError(`no names of at most ${max} characters are made`);
  return found;
}
const image = fc.constantFrom(
  "registry.example.com/linly/stage:1.0.0",
  "localhost:5000/a__b/c-d:v1.2_3",
  `docker.io/library/x@sha256:${"0a".repeat(32)}`,
);
const cpu = fc.constantFrom("250m", "2", 0.5);
const memory = fc.constantFrom("256Mi", "24Gi", "1.5G");

function optional<T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.option(value, { nil: undefined }).map((chosen) => (chosen === undefined ? {} : { [key]: chosen }));
}

function merged(...parts: fc.Arbitrary<object>[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(...parts).map((all) => Object.assign({}, ...all));
}

/** Whole percents that total 100. */
const weights = fc
  .integer({ min: 1, max: 3 })
  .chain((count) => fc.array(fc.integer({ min: 0, max: 100 }), { minLength: count - 1, maxLength: count - 1 }))
  .map((cuts) => {
    const edges = [0, ...cuts.toSorted((left, right) => left - right), 100];
    return edges.slice(1).map((edge, index) => edge - (edges[index] ?? 0));
  });

const model = fc.oneof(
  name(40).map((claim) => ({ claim })),
  memory.chain((size) => optional("storageClass", name(20)).map((rest) => ({ size, ...rest }))),
  image.map((reference) => ({ image: reference })),
);

const size = fc.oneof(
  fc.constant({}),
  fc.integer({ min: 1, max: 5 }).map((replicas) => ({ replicas })),
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 100 }))
    .map(([min, more, share]) => ({ autoscaling: { min, max: min + more, cpu: share } })),
);

const variables = fc.dictionary(fc.constantFrom("MODEL", "LOG_LEVEL", "A_1"), fc.string({ maxLength: 20 }), {
  maxKeys: 3,
});

const versions = (readsModel: boolean) =>
  weights.chain((shares) =>
    fc
      .tuple(
        fc.uniqueArray(name(30), { minLength: shares.length, maxLength: shares.length }),
        fc.array(merged(size, optional("env", variables), readsModel ? optional("model", model) : fc.constant({})), {
          minLength: shares.length,
          maxLength: shares.length,
        }),
        image,
      )
      .map(([names, rest, reference]) =>
        shares.map((weight, index) => ({ name: names[index], weight, image: reference, ...rest[index] })),
      ),
  );

/** Limits that are at least the requests. */
const resources = fc.tuple(cpu, memory).map(([cores, bytes]) => ({
  requests: { cpu: cores, memory: bytes },
  limits: { cpu: cores, memory: bytes },
}));

/** One value for each class: a caller that has none takes its callee's, and so any two fit. */
const timeouts = merged(optional("realtime", fc.constant("20m")), optional("offline", fc.constant("1h")));

const streams = merged(
  optional("idleTimeout", fc.constantFrom("90s", "1500ms")),
  optional("longest", fc.constant("2h")),
);

const retries = merged(
  optional("attempts", fc.integer({ min: 0, max: 10 })),
  optional("retryOn", fc.constantFrom(["5xx", "reset"], ["gateway-error", "unavailable"])),
  optional("perTryTimeout", fc.constantFrom("250ms", "1.5s")),
  optional("budget", fc.constantFrom({ percent: 0.5 }, { percent: 100, minRetryConcurrency: 1 })),
  optional("idempotentRoutes", fc.constant([{ method: "POST", path: "/v1/chat/completions" }])),
);

const circuitBreaker = merged(
  optional("consecutive5xxErrors", fc.integer({ min: 1, max: 1000 })),
  optional("baseEjectionTime", fc.constantFrom("1ms", "1.5m", "24h")),
  optional("interval", fc.constantFrom("0.25s", "1m")),
  optional("http1MaxPendingRequests", fc.integer({ min: 1, max: 1_000_000 })),
  optional("http2MaxRequests", fc.integer({ min: 1, max: 1_000_000 })),
  optional("maxConnections", fc.integer({ min: 1, max: 1_000_000 })),
  optional("maxRequestsPerConnection", fc.integer({ min: 1, max: 1_000_000 })),
);

/** A breaker or none, and whether callers keep to their zone, which takes one. */
const breaking = fc.oneof(
  merged(
    optional(
      "circuitBreaker",
      circuitBreaker.map((settings) => ({ ...settings, enabled: true })),
    ),
    optional("preferSameZone", fc.boolean()),
  ),
  merged(
    circuitBreaker.map((settings) => ({ circuitBreaker: { ...settings, enabled: false } })),
    optional("preferSameZone", fc.constant(false)),
  ),
);

/** A mirror to one of the versions that answer nobody, where there is one. */
function mirrorOf(
  list: readonly { readonly name: string | undefined; readonly weight: number }[],
): fc.Arbitrary<object> {
  const shadows = list.filter(({ weight }) => weight === 0).map(({ name: version }) => version);
  if (shadows.length === 0) return fc.constant({});
  return optional(
    "mirror",
    fc.record({ to: fc.constantFrom(...shadows), percent: fc.constantFrom(0.0001, 2.5, 5, 100) }),
  );
}

function service(stage: StageName, isSimulated: boolean): fc.Arbitrary<Record<string, unknown>> {
  const engine = isSimulated
    ? fc.constant(simulator)
    : fc.option(fc.constantFrom(...stageOf(stage).engines, simulator), { nil: undefined });
  return engine.chain((chosen) => {
    const readsModel = standing(stage, chosen).engine.model !== undefined;
    return merged(
      fc.constant(chosen === undefined ? {} : { engine: chosen }),
      versions(readsModel).chain((list) => mirrorOf(list).map((mirror) => ({ versions: list, ...mirror }))),
      readsModel ? optional("model", model) : fc.constant({}),
      optional("resources", resources),
      optional("timeouts", timeouts),
      optional("retries", retries),
      breaking,
      optional("streams", streams),
      optional("egress", fc.constantFrom(["a.example.com"], ["speech.platform.bing.com", "b.example.com"])),
      optional("startup", fc.constantFrom("90s", "10m", "1.5h")),
      optional("readinessPath", fc.constantFrom("/readyz", "/v1/models")),
      stageOf(stage).pool === "gpu" ? optional("gpus", fc.integer({ min: 1, max: 4 })) : fc.constant({}),
    );
  });
}

const order = fc.shuffledSubarray([...stageNames], { minLength: 1 });

const shape = fc.oneof(
  order.map((pipeline) => ({ mode: "chain", pipeline, running: pipeline })),
  fc.tuple(order, fc.constantFrom(...stageNames)).map(([pipeline, entry]) => ({
    mode: "orchestrated",
    entry,
    pipeline,
    running: [...new Set([entry, ...pipeline])],
  })),
);

const hosts: fc.Arbitrary<readonly string[]> = fc.constantFrom(
  ["*"],
  ["talk.example.com"],
  ["*.example.com", "talk.example.org"],
  ["a.example.com", "b.example.com"],
);

const publicKey = { kty: "OKP", crv: "Ed25519", kid: "k1", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
const audiences = ["client"];
const users = merged(
  fc
    .constantFrom(
      [{ issuer: "https://accounts.google.com", audiences, jwksUri: "https://www.googleapis.com/oauth2/v3/certs" }],
      [
        { issuer: "https://id.example.com/", audiences, jwks: { keys: [publicKey] } },
        { issuer: "other", audiences: ["a", "b"], jwks: JSON.stringify({ keys: [publicKey] }) },
      ],
    )
    .map((issuers) => ({ issuers })),
  optional("claims", fc.constantFrom({ hd: ["example.com"] }, { "[realm_access][roles]": ["talk", "admin"] })),
  optional("header", fc.constantFrom({ name: "x-token" }, { name: "authorization", prefix: "JWT " })),
  optional("openPaths", fc.constantFrom([], ["/health", "/public/*"])),
  optional("forwardOriginalToken", fc.boolean()),
);

const tlsSettings = merged(
  optional("duration", fc.constantFrom("2160h", "100h")),
  optional("renewBefore", fc.constant("24h")),
  optional("hstsMaxAge", fc.constantFrom("0s", "8760h")),
);

/** Names, and whoever vouches for them: an ACME authority for no wildcard, nobody for `*`. */
const named = (hasCertManager: boolean) =>
  hosts.chain((list) => {
    if (list.includes("*")) return fc.constant({ hosts: list });
    const issuers = [
      { existing: { name: "corporate", kind: "Issuer" } },
      ...(hasCertManager ? ["ownCa"] : []),
      ...(hasCertManager && list.every((host) => !host.startsWith("*.")) ? [{ acme: { email: "a@example.com" } }] : []),
    ];
    const tls = fc.constantFrom(...issuers).chain((issuer) => tlsSettings.map((settings) => ({ issuer, ...settings })));
    return optional("tls", tls).map((chosen) => ({ hosts: list, ...chosen }));
  });

const ingress = (hasCertManager: boolean) =>
  merged(
    named(hasCertManager),
    optional("numTrustedProxies", fc.integer({ min: 1, max: 16 })),
    optional("limit", fc.constantFrom({ requests: 100 }, { requests: 100_000, interval: "100ms" })),
    optional(
      "clientLimit",
      fc.constantFrom(
        { requests: 20 },
        { requests: 5, interval: "1m", by: "address" },
        { requests: 1, interval: "50ms", by: { header: "x-api-key" } },
      ),
    ),
    optional("users", users),
  );

function pins(running: readonly StageName[], hasUsers: boolean): fc.Arbitrary<object> {
  const claim = { name: "groups", value: "testers" };
  const stages = fc.shuffledSubarray([...running], { minLength: 1, maxLength: Math.min(3, running.length) });
  return merged(
    optional("testers", fc.constantFrom({}, { header: "x-version" }, hasUsers ? { claim } : {})),
    optional(
      "dialogues",
      merged(
        stages.map((kept) => ({ stages: kept })),
        optional("maxAge", fc.constantFrom("30m", "12h")),
      ),
    ),
  );
}

const unjudged = { alerts: { latency: { enabled: false }, errors: { enabled: false } } };

/** Add-ons with what is measured: alerts need somebody to judge them, and `stage` metrics somebody to tell them. */
const watched = (allSimulated: boolean, certManager: object) =>
  fc
    .oneof(
      fc.record({
        addons: fc.constantFrom(
          {},
          { prometheus: { install: false, operator: { labels: { release: "stack" } } }, grafana: { install: false } },
          { jaeger: { install: false, existing: { service: "otel.tracing.svc.cluster.local" } } },
          { gpuDevicePlugin: { install: false }, jaeger: { install: false } },
          { gpuDevicePlugin: { install: false, mig: "mixed", migProfile: "1g.10gb" } },
        ),
        telemetry: fc.constantFrom(
          {},
          { tracing: { sampling: 50 }, metrics: { source: allSimulated ? "stage" : "istio" } },
          { metrics: { disabled: ["REQUEST_SIZE"] }, alerts: { latency: { within: "5m" } } },
        ),
      }),
      fc.constantFrom(
        {
          addons: { prometheus: { install: false, existing: { url: "http://prometheus.monitoring:9090" } } },
          telemetry: unjudged,
        },
        { addons: { grafana: { install: false } }, telemetry: { ...unjudged, metrics: { source: "stage" } } },
      ),
    )
    .map(({ addons, ...rest }) => ({ addons: { ...addons, ...certManager }, ...rest }));

const poolsOf = merged(
  fc.constantFrom({}, { nodes: 200, gpusPerNode: 8 }).map((capacity) => ({
    gpu: { nodeSelector: { "example.com/gpu": "a100" }, tolerations: [{ key: "gpu", value: "yes" }], ...capacity },
  })),
  fc.constant({ cpu: { nodeSelector: { pool: "cpu" } } }),
);

const oci = "oci://registry.example.com/charts";
const digest = fc.constantFrom("0a", "ff").map((byte) => `sha256:${byte.repeat(32)}`);

/** Where charts come from, and a mirror of them: one that knows digests where the source has some. */
const charts = fc.oneof(
  merged(
    fc
      .constantFrom<object>(
        { folder: "charts" },
        { repository: "https://charts.example.com/istio", version: "1.31.1" },
        { oci, version: "1.31.1" },
      )
      .map((source) => ({ charts: source })),
    optional("airGap", fc.constantFrom({ registry: "mirror.example.com/all", charts: { folder: "charts" } })),
  ),
  merged(
    fc
      .record({ base: digest, istiod: digest, cni: digest, gateway: digest })
      .map((digests) => ({ charts: { oci, version: "1.31.1", digests } })),
    optional(
      "airGap",
      fc.constant({ registry: "mirror.example.com/all", charts: { oci: "oci://mirror.example.com" } }),
    ),
  ),
);

const istio = (hasCertManager: boolean) =>
  merged(
    optional("images", fc.constant({ hub: "registry.example.com/istio", tag: "1.31.1" })),
    optional("meshId", name(20)),
    optional("trustDomain", fc.constantFrom("cluster.local", "mesh.example.com")),
    optional("workloadCertificates", fc.constantFrom({}, { ttl: "90m" })),
    optional("ca", fc.constantFrom("istiod", "existing", ...(hasCertManager ? ["certManager"] : []))),
    optional("values", fc.constant({ istiod: { pilot: { replicaCount: 2 } } })),
  );

/** An account may have a stage's name where no stage is. */
const uploaders = fc.constantFrom(
  {},
  { namespace: "ml-admin" },
  { serviceAccount: "uploader-2" },
  { namespace: "ml-admin", serviceAccount: "asr-service" },
  { namespace: "istio-ingress" },
);

/** A mesh that the schema accepts. */
export const validMesh: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(shape, fc.boolean(), fc.boolean())
  .chain(([{ running, ...parts }, allSimulated, hasCertManager]) =>
    merged(
      fc.constant(parts),
      name(63)
        .filter((namespace) => !/^(?:default|istio-.*|kube-.*|cert-manager|nvidia-.*|observability)$/.test(namespace))
        .map((namespace) => ({ namespace })),
      fc.tuple(name(40), name(20), name(20)).chain(([cluster, network, region]) =>
        optional("kubernetesVersion", fc.constant("1.36")).map((rest) => ({
          clusters: [{ name: cluster, network, region, ...rest }],
        })),
      ),
      fc.tuple(charts, istio(hasCertManager)).map(([{ charts: source, ...mirror }, chosen]) => ({
        istio: { charts: source, ...chosen },
        ...mirror,
      })),
      optional("modelUploader", uploaders),
      optional("pools", poolsOf),
      optional("namespaceExists", fc.boolean()),
      optional("networkPolicies", fc.boolean()),
      ingress(hasCertManager).chain((chosen) =>
        pins(running, "users" in chosen).map((chosenPins) => ({ ingress: chosen, pins: chosenPins })),
      ),
      optional("offline", fc.constantFrom({ requests: 8 }, { header: "x-batch", requests: 1 })),
      watched(allSimulated, hasCertManager ? {} : { certManager: { install: false } }),
      fc
        .tuple(
          ...running.map((stage, index) => {
            // Of the real engines none calls the next stage of a chain.
            const isSimulated = allSimulated || (parts.mode === "chain" && index < running.length - 1);
            return service(stage, isSimulated).map((described) => [stage, described] as const);
          }),
        )
        .map((list) => ({ services: Object.fromEntries(list) })),
    ),
  );
