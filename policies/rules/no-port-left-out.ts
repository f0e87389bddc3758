import { deployment } from "../model/example.ts";
import type { KubernetesObject } from "../model/object.ts";
import { templates } from "../model/templates.ts";
import { at, textAt } from "../model/values.ts";
import type { Value, ValueObject } from "../model/values.ts";
import type { ObjectRule } from "../rule.ts";

const prefix = "traffic.sidecar.istio.io/";

function annotationsOf({ kind, metadata, spec }: KubernetesObject): Value | undefined {
  return kind === "Pod" ? at(metadata, "annotations") : at(spec, ...(templates[kind] ?? []), "metadata", "annotations");
}

/** A Deployment whose pods have these annotations. */
function annotated(annotations: ValueObject): ValueObject {
  return deployment({ template: { metadata: { annotations }, spec: { containers: [] } } });
}

export const noPortLeftOut: ObjectRule = {
  name: "no-port-left-out",
  scope: "object",
  description: "In production no pod keeps a port from its sidecar.",
  why:
    "What comes to a port that the sidecar does not see comes without mutual TLS and past every AuthorizationPolicy, " +
    "whatever PeerAuthentication says. The annotation stands on a pod, where nobody looks who reads the mesh's rules.",
  level: "mandatory",
  kinds: Object.keys(templates),
  onlyIn: "production",
  bad: {
    objects: [annotated({ [`${prefix}excludeInboundPorts`]: "9090" })],
    message:
      `Deployment linly/llm-service-v1: ${prefix}excludeInboundPorts keeps 9090 from the sidecar: ` +
      "take the annotation away",
  },
  good: [deployment({}), annotated({ [`${prefix}includeInboundPorts`]: "*" })],
  check(object) {
    const annotations = annotationsOf(object);
    const excluded = textAt(annotations, `${prefix}excludeInboundPorts`) ?? "";
    const included = textAt(annotations, `${prefix}includeInboundPorts`) ?? "*";
    return [
      ...(excluded === "" ? [] : [`${prefix}excludeInboundPorts keeps ${excluded} from the sidecar`]),
      ...(included === "*"
        ? []
        : [`${prefix}includeInboundPorts keeps all but ${included || "none"} from the sidecar`]),
    ].map((message) => ({ object, message: `${message}: take the annotation away` }));
  },
};
