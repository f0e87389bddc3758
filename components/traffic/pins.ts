import { reduced } from "../../services/proportions.ts";
import type { WeightedVersion } from "./weights.ts";

/**
 * Requests that are pinned carry the versions they keep to from stage to stage in the W3C `baggage` header, as
 * `llm=v2-experiment,tts=v1`. The ingress gateway writes it; stages pass it on as they pass on trace context. Where there is
 * offline work, an entry before all others says whether the request is such work (offline.ts).
 */
export const carrier = "baggage";

/** A stage and the version that a request keeps to there. */
export interface Pin {
  readonly stage: string;
  readonly version: string;
}

/** Pins as the carrier holds them, and as a tester writes them. */
export function listOf(pins: readonly Pin[]): string {
  return pins.map(({ stage, version }) => `${stage}=${version}`).join(",");
}

/** Matches a list of pins, whole, that holds this one (RE2 syntax). */
export function listWith({ stage, version }: Pin): string {
  return `(?:.*,)?\\s*${escaped(`${stage}=${version}`)}\\s*(?:[,;].*)?`;
}

/** Pins as a cookie holds them: a list with characters that a cookie's value may have. */
export function cookieValue(pins: readonly Pin[]): string {
  return pins.map(({ stage, version }) => `${stage}.${version}`).join("+");
}

/** Matches a `cookie` header, whole, in which `cookie` holds these pins (RE2 syntax). */
export function cookieWith(cookie: string, pins: readonly Pin[]): string {
  return `(?:.*;\\s*)?${escaped(`${cookie}=${cookieValue(pins)}`)}\\s*(?:;.*)?`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.+*?^$()[\]{}|\\]/g, String.raw`\$&`);
}

/** A stage whose version a dialogue keeps. */
export interface PinnedStage {
  readonly name: string;
  readonly versions: readonly WeightedVersion[];
}

/** One choice of a version for each stage, and its share of new dialogues. */
export interface Combination {
  readonly pins: readonly Pin[];
  readonly weight: number;
}

/**
 * Every choice of one version for each stage, in the order of stages and versions. Weights are in proportion to the
 * products of the versions' percents, and no share is rounded; a choice with a version of weight 0 has weight 0.
 */
export function combinations(stages: readonly PinnedStage[]): Combination[] {
  return stages.reduce<Combination[]>(
    (chosen, { name, versions }) => {
      const shares = reduced(versions.map(({ weight }) => weight));
      return chosen.flatMap(({ pins, weight }) =>
        versions.map((version, index) => ({
          pins: [...pins, { stage: name, version: version.name }],
          weight: weight * (shares[index] ?? 0),
        })),
      );
    },
    [{ pins: [], weight: 1 }],
  );
}
