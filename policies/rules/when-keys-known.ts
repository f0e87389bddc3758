import { authorizationPolicy } from "../model/example.ts";
import { listAt, textAt } from "../model/values.ts";
import { didYouMean } from "../nearest.ts";
import type { ObjectRule } from "../rule.ts";

/** Keys as Istio's own validation knows them (pkg/config/security of Istio 1.31). */
const keys = [
  "source.ip",
  "remote.ip",
  "source.namespace",
  "source.serviceAccount",
  "source.principal",
  "source.trustDomain",
  "request.auth.principal",
  "request.auth.audiences",
  "request.auth.presenter",
  "destination.ip",
  "destination.port",
  "connection.sni",
];
const keysOfMaps = ["request.headers", "request.auth.claims", "experimental.envoy.filters."];

/** Conditions on the request itself have a place of their own, whatever an article calls their key. */
const operations: Record<string, string> = {
  "request.method": "methods",
  "request.url_path": "paths",
  "request.path": "paths",
  "request.url": "paths",
  "request.host": "hosts",
};

function isKnown(key: string): boolean {
  return keys.includes(key) || keysOfMaps.some((map) => key.startsWith(map) && /\[[^\]]+\]/.test(key));
}

function fixOf(key: string): string {
  const operation = operations[key];
  if (operation !== undefined) return `: write it as to.operation.${operation}`;
  return didYouMean(key, [...keys, "request.headers[…]", "request.auth.claims[…]"]) || `: known are ${keys.join(", ")}`;
}

const withRule = (rule: Parameters<typeof authorizationPolicy>[1]) =>
  authorizationPolicy("tts", { action: "DENY", rules: [rule] });

export const whenKeysKnown: ObjectRule = {
  name: "when-keys-known",
  scope: "object",
  description: "Each condition of an AuthorizationPolicy has a key that Istio knows.",
  why:
    "istiod's webhook refuses an unknown key, but it lets everything pass while it is not up yet, as on the first " +
    "install. The rule is then skipped: an ALLOW is left empty and refuses everyone, a DENY denies nothing.",
  level: "mandatory",
  kinds: ["security.istio.io/AuthorizationPolicy"],
  bad: {
    objects: [withRule({ when: [{ key: "request.method", values: ["POST"] }] })],
    message:
      'AuthorizationPolicy linly/tts: rules[0].when[0] has the unknown key "request.method": ' +
      "write it as to.operation.methods",
  },
  good: [withRule({ to: [{ operation: { methods: ["POST"] } }], when: [{ key: "source.namespace", values: ["x"] }] })],
  check(object) {
    return listAt(object.spec, "rules").flatMap((rule, at) =>
      listAt(rule, "when").flatMap((condition, index) => {
        const key = textAt(condition, "key");
        if (key === undefined || isKnown(key)) return [];
        return [{ object, message: `rules[${at}].when[${index}] has the unknown key "${key}"${fixOf(key)}` }];
      }),
    );
  },
};
