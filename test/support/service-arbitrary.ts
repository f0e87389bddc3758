import fc from "fast-check";
import { stageOf, type StageName } from "../../services/catalogue.ts";
import { simulator } from "../../services/engines/simulated.ts";
import { standing } from "../../services/standing.ts";
import { merged, name, optional } from "./arbitrary-parts.ts";
import { inClusters, placement, type ClusterSet } from "./clusters-arbitrary.ts";

/** What may be said of one stage. */

const image = fc.constantFrom(
  "registry.example.com/linly/stage:1.0.0",
  "localhost:5000/a__b/c-d:v1.2_3",
  `docker.io/library/x@sha256:${"0a".repeat(32)}`,
);
const cpu = fc.constantFrom("250m", "2", 0.5);
const memory = fc.constantFrom("256Mi", "24Gi", "1.5G");

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
const timeouts = merged(
  optional("realtime", fc.constant("20m")),
  optional("offline", fc.constant("1h")),
  optional("connect", fc.constant("500ms")),
);

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
).filter((given) => given["attempts"] !== 0 || given["perTryTimeout"] === undefined);

const circuitBreaker = merged(
  optional("consecutive5xxErrors", fc.integer({ min: 1, max: 1000 })),
  optional("baseEjectionTime", fc.constantFrom("1ms", "1.5m", "24h")),
  optional("interval", fc.constantFrom("0.25s", "1m")),
  optional("http1MaxPendingRequests", fc.integer({ min: 1, max: 1_000_000 })),
  optional("http2MaxRequests", fc.integer({ min: 1, max: 1_000_000 })),
  optional("maxConnections", fc.integer({ min: 1, max: 1_000_000 })),
  optional("maxRequestsPerConnection", fc.integer({ min: 1, max: 1_000_000 })),
);

/** A breaker or none, which takes one place; and whether callers keep to their zone, which takes a breaker. */
const breaking = (inOnePlace: boolean) =>
  fc.oneof(
    merged(
      optional(
        "circuitBreaker",
        circuitBreaker.map((settings) => ({ ...settings, enabled: true })),
      ),
      optional("preferSameZone", fc.boolean()),
    ),
    merged(
      circuitBreaker.map((settings) => ({ circuitBreaker: { ...settings, enabled: !inOnePlace } })),
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

export function service(
  stage: StageName,
  isSimulated: boolean,
  set: ClusterSet,
): fc.Arbitrary<Record<string, unknown>> {
  const engine = isSimulated
    ? fc.constant(simulator)
    : fc.option(fc.constantFrom(...stageOf(stage).engines, simulator), { nil: undefined });
  const simulates = fc.option(fc.constantFrom(...stageOf(stage).engines), { nil: undefined });
  return fc.tuple(engine, simulates).chain(([chosen, simulated]) => {
    const named = chosen === simulator && simulated !== undefined ? { simulates: simulated } : {};
    const { model: mount, protocol } = standing(stage, chosen, named.simulates).engine;
    const readsModel = mount !== undefined;
    return merged(
      fc.constant(chosen === undefined ? {} : { engine: chosen, ...named }),
      fc
        .tuple(versions(readsModel), placement(set))
        .chain(([list, placed]) =>
          fc
            .tuple(inClusters(list, set, placed.clusters), protocol === "grpc" ? fc.constant({}) : mirrorOf(list))
            .map(([placedVersions, mirror]) => ({ versions: placedVersions, ...placed, ...mirror })),
        ),
      readsModel ? optional("model", model) : fc.constant({}),
      optional("resources", resources),
      optional("timeouts", timeouts),
      optional("retries", retries),
      breaking(set.names.length === 1),
      optional("streams", streams),
      optional("egress", fc.constantFrom(["a.example.com"], ["speech.platform.bing.com", "b.example.com"])),
      optional("startup", fc.constantFrom("90s", "10m", "1.5h")),
      optional("readinessPath", fc.constantFrom("/readyz", "/v1/models")),
      stageOf(stage).pool === "gpu" ? optional("gpus", fc.integer({ min: 1, max: 4 })) : fc.constant({}),
    );
  });
}
