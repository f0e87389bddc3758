import { seconds } from "../../config/quantities.ts";
import { withinBrackets } from "../../config/schema/claims.ts";
import type { Duration } from "../../config/scalars.ts";
import { inPercent, reduced } from "../../services/proportions.ts";
import type { HeaderChanges, HttpRoute, NamedRoute, RouteDestination } from "../istio/objects.ts";
import { carrier, combinations, cookieValue, cookieWith, listOf, listWith } from "./pins.ts";
import type { Pin, PinnedStage } from "./pins.ts";
import { hostOfVersions, routedVersions } from "./weights.ts";

/** Who may name versions, and where. */
export interface Testers {
  readonly header: string;
  /** What a tester's token holds; undefined where everybody is one. */
  readonly claim?: { readonly name: string; readonly value: string } | undefined;
}

/** Dialogues that stay with the versions of their first request. */
export interface Dialogues {
  /** The stages whose version a dialogue keeps. */
  readonly stages: readonly PinnedStage[];
  /** Name of the cookie that remembers them. */
  readonly cookie: string;
  /** How long after its last request a dialogue is remembered. */
  readonly maxAge: Duration;
  /** Whether users come in by TLS: browsers then send the cookie by nothing else. Default: false. */
  readonly secure?: boolean;
}

export interface IngressRoutesArgs {
  /** The stage that users reach. */
  readonly entry: PinnedStage;
  /** Its host, whose subsets the routes name. */
  readonly host: string;
  /** The header in which testers name versions. */
  readonly testers?: Testers | undefined;
  readonly dialogues?: Dialogues | undefined;
}

/**
 * The gateway's routes, the more particular first: testers by their header, dialogues by their cookie, everyone else by
 * weight. Only the gateway says which versions a request keeps to: what a client sent in the carrier goes no further.
 */
export function ingressRoutes({ entry, host, testers, dialogues }: IngressRoutesArgs): NamedRoute[] {
  return [
    ...(testers === undefined ? [] : testerRoutes(entry, host, testers)),
    ...(dialogues === undefined
      ? [unpinnedRoute(entry, host, testers !== undefined)]
      : dialogueRoutes(entry, host, dialogues)),
  ];
}

/** Whether a route's weights are proportions that no whole percents can say, and say so to whoever checks percents. */
export function isProportional({ route }: HttpRoute): boolean {
  return route.length > 1 && route.reduce((sum, { weight = 0 }) => sum + weight, 0) !== 100;
}

/** A tester's header is the carrier's content; where it names a version of the entry stage, the gateway heeds it itself. */
function testerRoutes(entry: PinnedStage, host: string, { header, claim }: Testers): NamedRoute[] {
  const byToken =
    claim === undefined ? {} : { [`@request.auth.claims[${withinBrackets(claim.name)}]`]: { exact: claim.value } };
  const { to } = hostOfVersions(host, entry.versions);
  const headers = { request: { set: { [carrier]: `%REQ(${header})%` } } };
  const named = entry.versions.map(({ name }) => ({
    name: `tester-${name}`,
    match: [{ headers: { [header]: { regex: listWith({ stage: entry.name, version: name }) }, ...byToken } }],
    headers,
    route: [to(name)],
  }));
  return [
    ...named,
    {
      name: "tester",
      match: [{ headers: { [header]: { regex: ".+" }, ...byToken } }],
      headers,
      route: byWeight(entry, host),
    },
  ];
}

/** Where requests can be pinned, what a client wrote into the carrier itself is taken out. */
function unpinnedRoute(entry: PinnedStage, host: string, pinsAreRead: boolean): NamedRoute {
  const headers = pinsAreRead ? { headers: { request: { remove: [carrier] } } } : {};
  return { name: "by-weight", ...headers, route: byWeight(entry, host) };
}

/** A dialogue under way keeps its versions, also those that take no new dialogues; a new one is told what it got. */
function dialogueRoutes(entry: PinnedStage, host: string, dialogues: Dialogues): NamedRoute[] {
  const choices = combinations(dialogues.stages);
  const underWay = choices.map(({ pins }) => ({
    name: `dialogue-${cookieValue(pins).replaceAll("+", "-")}`,
    match: [{ headers: { cookie: { regex: cookieWith(dialogues.cookie, pins) } } }],
    headers: keeping(pins, dialogues),
    route: entryOf(pins, entry, host),
  }));
  const first = choices
    .filter(({ weight }) => weight > 0)
    .flatMap(({ pins, weight }) => {
      const destinations = entryOf(pins, entry, host);
      const shares = reduced(destinations.map((destination) => destination.weight ?? 1));
      return destinations.map((destination, index) => ({
        ...destination,
        weight: weight * (shares[index] ?? 0),
        headers: keeping(pins, dialogues),
      }));
    });
  const weights = inPercent(first.map(({ weight }) => weight));
  const route = first.map((destination, index) => ({ ...destination, weight: weights[index] ?? 0 }));
  return [...underWay, { name: "by-weight", route }];
}

/** Where the gateway sends a request with these pins: to the version of the entry stage that they name, or by weight. */
function entryOf(pins: readonly Pin[], entry: PinnedStage, host: string): RouteDestination[] {
  const own = pins.find(({ stage }) => stage === entry.name);
  return own === undefined ? byWeight(entry, host) : [hostOfVersions(host, entry.versions).to(own.version)];
}

function byWeight({ versions }: PinnedStage, host: string): RouteDestination[] {
  const { to } = hostOfVersions(host, versions);
  return routedVersions(versions).map(({ name, weight }) => to(name, weight));
}

/** The headers by which a dialogue keeps its versions: on to the stages, and back to the user for the next request. */
function keeping(pins: readonly Pin[], { cookie, maxAge, secure = false }: Dialogues): HeaderChanges {
  const age = `Max-Age=${Math.round(seconds(maxAge))}${secure ? "; Secure" : ""}`;
  return {
    request: { set: { [carrier]: listOf(pins) } },
    response: { add: { "set-cookie": `${cookie}=${cookieValue(pins)}; Path=/; ${age}; HttpOnly; SameSite=Lax` } },
  };
}
