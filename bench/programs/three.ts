import * as k8s from "@pulumi/kubernetes";

/** The smallest program worth the name: three objects. What it takes is the price of Node, the SDK and the engine. */
const provider = new k8s.Provider("main", { kubeconfig: ".lab/kubeconfig", context: "local" });
const metadata = { name: "three", namespace: "three" };

const namespace = new k8s.core.v1.Namespace("three", { metadata: { name: "three" } }, { provider });
const opts = { provider, dependsOn: namespace };
new k8s.core.v1.ConfigMap("three", { metadata, data: { a: "b" } }, opts);
new k8s.core.v1.Service("three", { metadata, spec: { selector: { app: "three" }, ports: [{ port: 80 }] } }, opts);
