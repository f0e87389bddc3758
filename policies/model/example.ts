import type { ValueObject } from "./values.ts";

/** Objects of the rules' examples, shortened to what a rule looks at. */

const metadata = { name: "llm-service", namespace: "linly" };

export function virtualService(...http: readonly ValueObject[]): ValueObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata,
    spec: { hosts: ["llm-service"], http },
  };
}

export function destinationRule(spec: ValueObject): ValueObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata,
    spec: { host: "llm-service.linly.svc.cluster.local", ...spec },
  };
}

export function authorizationPolicy(name: string, spec: ValueObject): ValueObject {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name, namespace: "linly" },
    spec,
  };
}

export function deployment(spec: ValueObject, image = "registry.example.com/linly/llm:1.0.0"): ValueObject {
  const labels = { app: "llm-service", version: "v1" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "llm-service-v1", namespace: "linly" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "llm", image }] } },
      ...spec,
    },
  };
}

export const service: ValueObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata,
  spec: { selector: { app: "llm-service" }, ports: [{ name: "http", port: 8000 }] },
};
