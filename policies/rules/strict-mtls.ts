import { at, entriesAt, textAt } from "../model/values.ts";
import type { Value, ValueObject } from "../model/values.ts";
import type { ObjectRule } from "../rule.ts";

const peerAuthentication = (spec: ValueObject): ValueObject => ({
  apiVersion: "security.istio.io/v1",
  kind: "PeerAuthentication",
  metadata: { name: "default", namespace: "linly" },
  spec,
});

/** The mode, where it lets plain text in. */
function openMode(mtls: Value | undefined): string | undefined {
  const mode = textAt(mtls, "mode");
  return mode === "PERMISSIVE" || mode === "DISABLE" ? mode : undefined;
}

export const strictMtls: ObjectRule = {
  name: "strict-mtls",
  scope: "object",
  description: "In production no PeerAuthentication lets plain text in.",
  why:
    "PERMISSIVE and DISABLE accept requests without a certificate, which have no identity: rules by principal do not " +
    "hold for them. Meant for moving into a mesh, they are easily left behind, above all for a single port.",
  level: "mandatory",
  kinds: ["security.istio.io/PeerAuthentication"],
  onlyIn: "production",
  bad: {
    objects: [peerAuthentication({ mtls: { mode: "PERMISSIVE" } })],
    message: "PeerAuthentication linly/default: mtls.mode is PERMISSIVE: write STRICT",
  },
  good: [peerAuthentication({ mtls: { mode: "STRICT" } })],
  check(object) {
    const { spec } = object;
    const places: [string, Value | undefined][] = [
      ["mtls", at(spec, "mtls")],
      ...entriesAt(spec, "portLevelMtls").map(([port, mtls]): [string, Value] => [`portLevelMtls.${port}`, mtls]),
    ];
    return places.flatMap(([place, mtls]) => {
      const mode = openMode(mtls);
      return mode === undefined ? [] : [{ object, message: `${place}.mode is ${mode}: write STRICT` }];
    });
  },
};
