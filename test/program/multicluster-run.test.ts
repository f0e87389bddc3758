import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../engine/index.ts";
import { maskedObject, shownSecret } from "../../engine/program/values.ts";
import { imagined, waitedFor, type Imagined } from "../support/imagined.ts";
import { at, isObject } from "../support/plan.ts";
import { multiPrimary, stackWith } from "../support/stack.ts";

const token = "tok3n-of-the-reader-that-nobody-sees";
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Clusters in which everything is there at once: gateways have addresses, readers tokens, requests answers. */
function answers(kind: string): JsonObject {
  if (kind === "Service") return { status: { loadBalancer: { ingress: [{ ip: "100.64.0.7" }] } } };
  if (kind === "Release") return { status: { namespace: "n", name: "n", status: "deployed" } };
  if (kind === "CertificateRequest")
    return { spec: { request: base64("request") }, status: { certificate: base64("chain"), ca: base64("root") } };
  return {};
}

describe("a real run", () => {
  let remote: Imagined;
  let primaries: Imagined;

  beforeAll(async () => {
    const answer = (kind: string, inputs: JsonObject) =>
      at(inputs, "type") === "kubernetes.io/service-account-token"
        ? { data: { token: base64(token), "ca.crt": base64("authority") } }
        : answers(kind);
    remote = await imagined(stackWith("local-multicluster"), answer);
    primaries = await imagined(stackWith("local-multicluster", multiPrimary), answer);
  });

  function inputsNamed({ registrations }: Imagined, name: string, type: string): JsonObject {
    return one(registrations, name, type).inputs;
  }

  function one(registrations: Imagined["registrations"], name: string, type: string) {
    const found = registrations.find(
      (registration) => registration.name === name && registration.type.endsWith(`:${type}`),
    );
    if (found === undefined) throw new Error(`nothing was asked for as ${type} ${name}`);
    return found;
  }

  test("a reader's token goes from cluster to cluster as a secret, and is in clear nowhere else", () => {
    const runs = [remote, primaries];
    const secrets = runs.map(({ registrations }) => registrations.filter(({ name }) => name.includes("-reads-")));
    expect(
      secrets.map((list) =>
        list
          .filter(({ type }) => type.endsWith(":Secret"))
          .map(({ name }) => name)
          .sort(),
      ),
    ).toEqual([["north-reads-east"], ["east-reads-north", "north-reads-east"]]);
    for (const { registrations, events, outputs } of runs) {
      const holding = registrations.filter(({ inputs }) => JSON.stringify(inputs).includes(token));
      expect(holding.map(({ name, type }) => [name, type])).toEqual(
        registrations
          .filter(({ name, type }) => name.includes("-reads-") && type.endsWith(":Secret"))
          .map(({ name, type }) => [name, type]),
      );
      expect(holding.map(({ inputs }) => maskedOf(inputs))).toEqual(holding.map(() => [shownSecret]));
      for (const text of [token, base64(token)]) expect(JSON.stringify([events, outputs])).not.toContain(text);
    }
  });

  /** The content of a remote secret as the engine shows it. */
  function maskedOf(inputs: JsonObject) {
    const shown = maskedObject(inputs)["stringData"];
    return isObject(shown) ? Object.values(shown) : [];
  }

  test("an intermediate gets what the root's cluster answered, and its key takes no part in that", () => {
    expect(inputsNamed(primaries, "east-mesh-ca-chain", "ConfigMap")["data"]).toEqual({
      "tls.crt": "chain",
      "ca.crt": "root",
    });
    expect(at(inputsNamed(primaries, "east-intermediate-1", "CertificateRequest"), "spec", "request")).toBe(
      base64("request"),
    );
    expect(JSON.stringify(primaries.registrations.map(({ inputs }) => inputs))).not.toMatch(/BEGIN [A-Z ]*PRIVATE KEY/);
  });

  test("a remote is told where its primary's gateway is", () => {
    expect(at(inputsNamed(remote, "east-istiod", "Release"), "values", "global", "remotePilotAddress")).toBe(
      "100.64.0.7",
    );
  });

  describe("waits", () => {
    const waits = (
      run: () => Imagined,
      [name, type]: readonly [string, string],
      [before, kind]: readonly [string, string],
    ) => {
      const { registrations } = run();
      return waitedFor(registrations, one(registrations, name, type).urn).has(one(registrations, before, kind).urn);
    };

    test.each<[string, readonly [string, string], readonly [string, string]]>([
      [
        "a remote's istiod: for the way to its primary's",
        ["east-istiod", "Release"],
        ["north-exposed-istiod", "VirtualService"],
      ],
      [
        "that way: for the gateway",
        ["north-exposed-istiod", "VirtualService"],
        ["north-istio-eastwestgateway", "Release"],
      ],
      ["that gateway: for istiod", ["north-istio-eastwestgateway", "Release"], ["north-istiod", "Release"]],
      ["istiod: for its CA", ["north-istiod", "Release"], ["north-cacerts", "Certificate"]],
      [
        "a remote secret: for the reader's rights",
        ["north-reads-east", "Secret"],
        ["east-linly-mesh-reader", "ClusterRoleBinding"],
      ],
      [
        "a remote's pods: until the primary knows of their cluster",
        ["east-asr-service-v1", "Deployment"],
        ["north-reads-east", "Secret"],
      ],
      ["its gateways, too", ["east-istio-ingress", "Release"], ["north-reads-east", "Secret"]],
      [
        "a remote's pods: for their subset, in the primary",
        ["east-asr-service-v1", "Deployment"],
        ["north-asr-service-v1", "DestinationRule"],
      ],
      [
        "a route: for pods in both clusters",
        ["north-asr-service", "VirtualService"],
        ["east-asr-service-v1", "Deployment"],
      ],
      [
        "services let in: for istiod, which judges them",
        ["east-exposed-services", "Gateway"],
        ["north-istiod", "Release"],
      ],
    ])("%s", (_, later, sooner) => {
      expect(waits(() => remote, later, sooner)).toBe(true);
      expect(waits(() => remote, sooner, later)).toBe(false);
    });

    test.each<[string, readonly [string, string], readonly [string, string]]>([
      ["the other istiod: for its chain", ["east-istiod", "Release"], ["east-mesh-ca-chain", "ConfigMap"]],
      ["the chain: for the root", ["east-mesh-ca-chain", "ConfigMap"], ["north-mesh-root", "Issuer"]],
    ])("%s", (_, later, sooner) => {
      expect(waits(() => primaries, later, sooner)).toBe(true);
    });

    test("no primary waits for another cluster's istiod, nor for its pods", () => {
      for (const sooner of [
        ["east-istiod", "Release"],
        ["east-asr-service-v1", "Deployment"],
      ] as const) {
        expect(waits(() => primaries, ["north-asr-service-v1", "Deployment"], sooner)).toBe(false);
      }
    });
  });
});
