import { deployment, destinationRule, service } from "../model/example.ts";
import { fullHost } from "../model/hosts.ts";
import type { KubernetesObject } from "../model/object.ts";
import { replicaKinds, smallestReplicas } from "../model/replicas.ts";
import { at, hasUnknown, listAt, textAt, unknown } from "../model/values.ts";
import type { Value } from "../model/values.ts";
import type { StackRule } from "../rule.ts";

const destinationRuleKind = "networking.istio.io/DestinationRule";

/** Envoy's own, where a breaker does not say. Percent. */
const defaultPercent = 10;

/** Lets half of the hosts go, rounded down, however many there are: one of two or three, and never the last. Percent. */
export const fittingPercent = 50;

/** What is wrong with a breaker over so many hosts, undefined where their number is not known. */
export function faultOf(percent: number, given: boolean, hosts: number | undefined): string | undefined {
  if (percent >= 100) {
    return (
      `maxEjectionPercent ${percent} lets the last host be ejected, after which every request gets 503: ` +
      `write maxEjectionPercent: ${fittingPercent}`
    );
  }
  // A lone host has no one to take over: not ejecting it is right. Zero says that none shall be.
  if (hosts === undefined || hosts < 2 || (given && percent === 0) || (percent * hosts) / 100 >= 1) return undefined;
  return (
    `maxEjectionPercent ${percent}${given ? "" : " (the default)"} of ${hosts} hosts is less than one, so none is ever ` +
    `ejected: write maxEjectionPercent: ${fittingPercent}`
  );
}

interface Breaker {
  readonly title: string;
  readonly settings: Value;
  /** Labels of the subset that it is for; undefined for the whole host. */
  readonly labels: Value | undefined;
}

function settingsOf(policy: Value | undefined): Value[] {
  const places: (Value | undefined)[] = [policy, ...listAt(policy, "portLevelSettings")];
  return places.map((place) => at(place, "outlierDetection")).filter((settings) => settings !== undefined);
}

/** The breakers of a rule: those of a subset are its own, else the host's, which Istio takes for every subset. */
function breakersOf({ spec }: KubernetesObject, subsets: readonly Value[]): Breaker[] {
  const ofHost = settingsOf(at(spec, "trafficPolicy"));
  const own = listAt(spec, "subsets");
  const ofSubsets = subsets.flatMap((subset): Breaker[] => {
    const policy = at(subset, "trafficPolicy");
    const ofSubset = settingsOf(policy);
    const inherits = ofSubset.length === 0 && !hasUnknown(policy);
    const settings = inherits ? ofHost : own.includes(subset) ? ofSubset : [];
    const title = `the breaker of subset "${textAt(subset, "name") ?? "?"}"`;
    return settings.map((breaker) => ({ title, settings: breaker, labels: at(subset, "labels") }));
  });
  if (subsets.length > 0) return ofSubsets;
  return ofHost.map((settings) => ({ title: "the breaker", settings, labels: undefined }));
}

function faultOfBreaker({ settings, labels }: Breaker, hosts: () => number | undefined): string | undefined {
  const [percent, health] = [at(settings, "maxEjectionPercent"), at(settings, "minHealthPercent") ?? 0];
  if (settings === unknown || percent === unknown || labels === unknown) return undefined;
  const given = typeof percent === "number";
  const effective = given ? percent : defaultPercent;
  // With minHealthPercent Envoy goes back to all hosts before the last one is out.
  return effective >= 100 && health !== 0 ? undefined : faultOf(effective, given, hosts());
}

const breaker = { consecutive5xxErrors: 5, interval: "30s", baseEjectionTime: "5m" };
const pods = [service, deployment({ replicas: 3 })];

export const breakerCanEject: StackRule = {
  name: "breaker-can-eject",
  scope: "stack",
  description: "A circuit breaker can eject a failing host, and never the last one.",
  why:
    "Envoy ejects a host only while the ejected share stays within maxEjectionPercent, 10 by default: with fewer than " +
    "ten hosts nothing is ever ejected. At 100 the last host goes too, and every request gets 503.",
  level: "mandatory",
  kinds: [destinationRuleKind, ...replicaKinds],
  bad: {
    objects: [destinationRule({ trafficPolicy: { outlierDetection: breaker } }), ...pods],
    message:
      "DestinationRule linly/llm-service: maxEjectionPercent 10 (the default) of 3 hosts is less than one, so none is " +
      "ever ejected: write maxEjectionPercent: 50 in the breaker",
  },
  good: [
    destinationRule({ trafficPolicy: { outlierDetection: { ...breaker, maxEjectionPercent: fittingPercent } } }),
    ...pods,
  ],
  check(objects) {
    const rules = objects.filter(({ kind }) => kind === destinationRuleKind);
    // A rule that is not known that far may add a subset to any host.
    if (rules.some(({ spec }) => hasUnknown(at(spec, "host")) || at(spec, "subsets") === unknown)) return [];
    const pods = Map.groupBy(
      objects.filter(({ kind }) => kind !== destinationRuleKind),
      ({ namespace }) => namespace,
    );
    const hosts = Map.groupBy(rules, ({ spec, namespace }) => fullHost(textAt(spec, "host") ?? "", namespace));
    return [...hosts].flatMap(([host, ofHost]) => {
      if (host === undefined) return [];
      const subsets = ofHost.flatMap(({ spec }) => listAt(spec, "subsets"));
      return ofHost.flatMap((object) =>
        breakersOf(object, subsets).flatMap((breaker) => {
          const fault = faultOfBreaker(breaker, () => smallestReplicas(host, breaker.labels, pods));
          return fault === undefined ? [] : [{ object, message: `${fault} in ${breaker.title}` }];
        }),
      );
    });
  },
};
