import type { KubernetesObject, V1ClusterRole, V1ClusterRoleBinding } from "@kubernetes/client-node";
import type { V1ConfigMap, V1Deployment, V1Service, V1ServiceAccount } from "@kubernetes/client-node";
import { outside } from "../addresses.ts";
import type { ClusterPlan } from "./plan.ts";

export const dnsDeployment = { namespace: "kube-system", name: "coredns" };

const port = 5353; // an unprivileged one, so that it runs without capabilities
const corefile = `.:${port} {
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa {
        pods insecure
    }
    template IN A ${outside.domain} {
        answer "{{ .Name }} 60 IN A ${outside.address}"
    }
    template IN ANY ${outside.domain} {
        rcode NOERROR
    }
    cache 10
}
`;

/** The cluster's DNS. It knows the cluster's own names, and those of the lab's world outside, where nobody can be asked. */
export function dnsObjects(plan: ClusterPlan): KubernetesObject[] {
  const metadata = { ...dnsDeployment, labels: { "k8s-app": "kube-dns" } };
  const { name, namespace } = dnsDeployment;
  const account: V1ServiceAccount = { apiVersion: "v1", kind: "ServiceAccount", metadata };
  const role: V1ClusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "system:coredns" },
    rules: [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
  };
  const binding: V1ClusterRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "system:coredns" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:coredns" },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  };
  const config: V1ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: corefile } };
  const service: V1Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...metadata, name: "kube-dns" },
    spec: {
      clusterIP: plan.addresses.dnsService,
      selector: metadata.labels,
      ports: [
        { name: "dns", port: 53, targetPort: port, protocol: "UDP" },
        { name: "dns-tcp", port: 53, targetPort: port, protocol: "TCP" },
      ],
    },
  };
  const deployment: V1Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: metadata.labels },
      template: {
        metadata: { labels: metadata.labels },
        spec: {
          serviceAccountName: name,
          priorityClassName: "system-cluster-critical",
          dnsPolicy: "Default",
          containers: [
            {
              name: "coredns",
              image: "localhost/linly-mesh/coredns:lab",
              imagePullPolicy: "IfNotPresent",
              args: ["-conf", "/etc/coredns/Corefile"],
              ports: [
                { name: "dns", containerPort: port, protocol: "UDP" },
                { name: "dns-tcp", containerPort: port, protocol: "TCP" },
              ],
              readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
              livenessProbe: { httpGet: { path: "/health", port: 8080 }, periodSeconds: 10, failureThreshold: 5 },
              resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "128Mi" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ["ALL"] },
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                runAsUser: 65532,
              },
              volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
            },
          ],
          volumes: [{ name: "config", configMap: { name } }],
        },
      },
    },
  };
  return [account, role, binding, config, service, deployment];
}
