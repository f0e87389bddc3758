import { parse } from "yaml";
import { deployment } from "../model/example.ts";
import type { KubernetesObject } from "../model/object.ts";
import { templates } from "../model/templates.ts";
import { at, textAt, valuesOf } from "../model/values.ts";
import type { Value, ValueObject } from "../model/values.ts";
import type { ObjectRule } from "../rule.ts";

const prefix = "traffic.sidecar.istio.io/";
const modeAnnotation = "sidecar.istio.io/interceptionMode";
const configAnnotation = "proxy.istio.io/config";

function annotationsOf({ kind, metadata, spec }: KubernetesObject): Value | undefined {
  return kind === "Pod" ? at(metadata, "annotations") : at(spec, ...(templates[kind] ?? []), "metadata", "annotations");
}

/** How a sidecar comes by its pod's traffic, as the proxy's configuration says, which is YAML in an annotation. */
function configuredMode(config: string | undefined): string | undefined {
  try {
    const read: unknown = parse(config ?? "");
    return typeof read === "object" && read !== null ? textAt(valuesOf(read), "interceptionMode") : undefined;
  } catch {
    return undefined;
  }
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
    message: `Deployment linly/llm-service-v1: ${prefix}excludeInboundPorts keeps 9090 from the sidecar: take it away`,
  },
  good: [deployment({}), annotated({ [`${prefix}includeInboundPorts`]: "*" })],
  check(object) {
    const annotations = annotationsOf(object);
    const excluded = textAt(annotations, `${prefix}excludeInboundPorts`) ?? "";
    const included = textAt(annotations, `${prefix}includeInboundPorts`) ?? "*";
    const interfaces = textAt(annotations, `${prefix}excludeInterfaces`) ?? "";
    const mode = at(annotations, modeAnnotation);
    const found: [boolean, string][] = [
      [excluded !== "", `${prefix}excludeInboundPorts keeps ${excluded}`],
      [included !== "*", `${prefix}includeInboundPorts keeps all but ${included || "none"}`],
      [interfaces !== "", `${prefix}excludeInterfaces keeps the interfaces ${interfaces}`],
      [mode === "NONE", `${modeAnnotation}: NONE keeps all ports`],
      [
        mode === undefined && configuredMode(textAt(annotations, configAnnotation)) === "NONE",
        `interceptionMode: NONE in ${configAnnotation} keeps all ports`,
      ],
    ];
    return found
      .filter(([isThere]) => isThere)
      .map(([, message]) => ({ object, message: `${message} from the sidecar: take it away` }));
  },
};
