import fc from "fast-check";
import { stageNames, type StageName } from "../../services/catalogue.ts";
import { merged, name, optional } from "./arbitrary-parts.ts";
import { oneCluster, severalClusters, type ClusterSet } from "./clusters-arbitrary.ts";
import { service } from "./service-arbitrary.ts";

/** What may stand under `linly-mesh:mesh`, of every shape that the schema allows, as a user would write it. */

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

/** Names, and whoever vouches for them: an ACME authority for no wildcard and in no remote, nobody for `*`. */
const named = (hasCertManager: boolean, hasRemotes: boolean) =>
  hosts.chain((list) => {
    if (list.includes("*")) return fc.constant({ hosts: list });
    const byAcme = hasCertManager && !hasRemotes && list.every((host) => !host.startsWith("*."));
    const issuers = [
      { existing: { name: "corporate", kind: "Issuer" } },
      ...(hasCertManager ? ["ownCa"] : []),
      ...(byAcme ? [{ acme: { email: "a@example.com" } }] : []),
    ];
    const tls = fc.constantFrom(...issuers).chain((issuer) => tlsSettings.map((settings) => ({ issuer, ...settings })));
    return optional("tls", tls).map((chosen) => ({ hosts: list, ...chosen }));
  });

const ingress = (hasCertManager: boolean, hasRemotes: boolean) =>
  merged(
    named(hasCertManager, hasRemotes),
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

function given<T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return value.map((chosen) => ({ [key]: chosen }));
}

/** Several control planes take a root that they share. */
const authorities = (hasCertManager: boolean, primaries: number) => [
  "existing",
  ...(primaries > 1 ? [] : ["istiod"]),
  ...(hasCertManager ? ["certManager"] : []),
];

const istio = (hasCertManager: boolean, primaries: number) =>
  merged(
    optional("images", fc.constant({ hub: "registry.example.com/istio", tag: "1.31.1" })),
    optional("meshId", name(20)),
    optional("trustDomain", fc.constantFrom("cluster.local", "mesh.example.com")),
    optional("workloadCertificates", fc.constantFrom({}, { ttl: "90m" })),
    (primaries > 1 ? given : optional<string>)("ca", fc.constantFrom(...authorities(hasCertManager, primaries))),
    optional("values", fc.constant({ istiod: { replicaCount: 2 } })),
  );

/** An account may have a stage's name where no stage is. */
const uploaders = fc.constantFrom(
  {},
  { namespace: "ml-admin" },
  { serviceAccount: "uploader-2" },
  { namespace: "ml-admin", serviceAccount: "asr-service" },
  { namespace: "istio-ingress" },
);

/** A mesh of these clusters that the schema accepts. */
function meshOf(clusterSets: fc.Arbitrary<ClusterSet>): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .tuple(shape, fc.boolean(), fc.boolean(), clusterSets)
    .chain(([{ running, ...parts }, allSimulated, hasCertManager, set]) =>
      merged(
        fc.constant({ ...parts, ...set.mesh }),
        name(63)
          .filter((namespace) => !/^(?:default|istio-.*|kube-.*|cert-manager|nvidia-.*|observability)$/.test(namespace))
          .map((namespace) => ({ namespace })),
        fc.tuple(charts, istio(hasCertManager, set.primaries)).map(([{ charts: source, ...mirror }, chosen]) => ({
          istio: { charts: source, ...chosen },
          ...mirror,
        })),
        optional("modelUploader", uploaders),
        optional("pools", poolsOf),
        optional("namespaceExists", fc.boolean()),
        optional("networkPolicies", fc.boolean()),
        ingress(hasCertManager, set.primaries < set.names.length).chain((chosen) =>
          pins(running, "users" in chosen).map((chosenPins) => ({ ingress: chosen, pins: chosenPins })),
        ),
        optional("offline", fc.constantFrom({ requests: 8 }, { header: "x-batch", requests: 1 })),
        watched(allSimulated, hasCertManager ? {} : { certManager: { install: false } }),
        fc
          .tuple(
            ...running.map((stage, index) => {
              // Of the real engines none calls the next stage of a chain.
              const isSimulated = allSimulated || (parts.mode === "chain" && index < running.length - 1);
              return service(stage, isSimulated, set).map((described) => [stage, described] as const);
            }),
          )
          .map((list) => ({ services: Object.fromEntries(list) })),
      ),
    );
}

/** A mesh of one cluster. */
export const validMesh = meshOf(oneCluster);

/** A mesh of several, of each topology. */
export const validMeshOfSeveral = meshOf(severalClusters);
