import { destinationRule, virtualService } from "../model/example.ts";
import { covers, fullHost } from "../model/hosts.ts";
import type { KubernetesObject } from "../model/object.ts";
import { destinationsOf, routesOf } from "../model/routes.ts";
import { at, listAt, textAt, unknown } from "../model/values.ts";
import { didYouMean } from "../nearest.ts";
import type { StackRule } from "../rule.ts";

const destinationRuleKind = "networking.istio.io/DestinationRule";
const virtualServiceKind = "networking.istio.io/VirtualService";

/** Names of subsets by the host that DestinationRules define them for: Istio merges those of one host. */
type Subsets = ReadonlyMap<string, readonly string[]>;

/** Undefined where a DestinationRule is not known far enough: it may define anything. */
function definedSubsets(rules: readonly KubernetesObject[]): Subsets | undefined {
  const defined = new Map<string, string[]>();
  for (const { spec, namespace } of rules) {
    const given = textAt(spec, "host");
    const host = given === undefined ? undefined : fullHost(given, namespace);
    const subsets = listAt(spec, "subsets");
    const names = subsets.flatMap((subset) => textAt(subset, "name") ?? []);
    if (host === undefined || at(spec, "subsets") === unknown || names.length < subsets.length) return undefined;
    defined.set(host, [...(defined.get(host) ?? []), ...names]);
  }
  return defined;
}

/** The subsets of a host: of the rules that name it, else of those with the longest wildcard that covers it. */
function subsetsOf(host: string, defined: Subsets): readonly string[] {
  const exact = defined.get(host);
  if (exact !== undefined) return exact;
  const [longest] = [...defined]
    .filter(([pattern]) => pattern.startsWith("*") && covers(pattern, host))
    .sort(([one], [other]) => other.length - one.length);
  return longest?.[1] ?? [];
}

const toSubset = (subset: string) => virtualService({ route: [{ destination: { host: "llm-service", subset } }] });
const subsets = [{ name: "v1-stable", labels: { version: "v1-stable" } }];

export const subsetsDefined: StackRule = {
  name: "subsets-defined",
  scope: "stack",
  description: "Each subset that a route or a mirror names is defined by a DestinationRule of the stack.",
  why:
    "Istio accepts a route to a subset that is not there, and the sidecars answer 503 for its share; a mirror to one " +
    "copies nothing and says nothing.",
  level: "mandatory",
  kinds: [virtualServiceKind, destinationRuleKind],
  bad: {
    objects: [toSubset("v1-stabel"), destinationRule({ subsets })],
    message:
      'VirtualService linly/llm-service: http[0] names subset "v1-stabel" of llm-service, which no DestinationRule of ' +
      'this stack defines: did you mean "v1-stable"? Or define it in a DestinationRule for ' +
      "llm-service.linly.svc.cluster.local",
  },
  good: [toSubset("v1-stable"), destinationRule({ subsets })],
  check(objects) {
    const defined = definedSubsets(objects.filter(({ kind }) => kind === destinationRuleKind));
    if (defined === undefined) return [];
    return objects
      .filter(({ kind }) => kind === virtualServiceKind)
      .flatMap((object) =>
        routesOf(object).flatMap((route) =>
          destinationsOf(route).flatMap((destination) => {
            const [given, subset] = [textAt(destination, "host"), textAt(destination, "subset")];
            const host = given === undefined ? undefined : fullHost(given, object.namespace);
            if (given === undefined || host === undefined || subset === undefined) return [];
            const names = subsetsOf(host, defined);
            if (names.includes(subset)) return [];
            const hint = didYouMean(subset, names);
            const found = `${route.title} names subset "${subset}" of ${given}, which no DestinationRule of this stack defines`;
            const fix = hint === "" ? ": define it" : `${hint} Or define it`;
            return [{ object, message: `${found}${fix} in a DestinationRule for ${host}` }];
          }),
        ),
      );
  },
};
