import { AddOns } from "./components/addons/add-ons.ts";
import { Cluster } from "./components/cluster.ts";
import { IngressGateway } from "./components/istio/ingress-gateway.ts";
import { Istio } from "./components/istio/istio.ts";
import { collectorOf } from "./components/observability/collector.ts";
import { Observability } from "./components/observability/observability.ts";
import { ingressCertificate } from "./components/security/ingress-certificate.ts";
import { gatewayPolicies } from "./components/security/network-policies.ts";
import { StrictMtls } from "./components/security/strict-mtls.ts";
import { Users } from "./components/security/users.ts";
import { AiServices } from "./components/service/ai-services.ts";
import { entryFinishSeconds } from "./components/service/drain.ts";
import { MeshTraffic } from "./components/traffic/mesh-traffic.ts";
import { loadMesh, loadSecrets } from "./config/load.ts";
import { meshDiagram } from "./services/diagram.ts";
import { planPipeline } from "./services/plan.ts";

const config = loadMesh();
const secrets = loadSecrets(config);
const pipeline = planPipeline(config);

const meshes = config.clusters.map((clusterConfig) => {
  const cluster = new Cluster(clusterConfig);

  const { certManager } = new AddOns(cluster, config);

  const { istio: istioConfig, ingress, airGap } = config;
  const collector = collectorOf(config.addons);
  const istioArgs = { istio: istioConfig, ingress, airGap, collector, finishSeconds: entryFinishSeconds(pipeline) };
  const istio = new Istio(cluster, istioArgs, certManager?.component);
  const networkPolicies = gatewayPolicies({ config, pipeline });
  const gateway = new IngressGateway(cluster, { ...istioArgs, networkPolicies }, istio);

  const mtls = new StrictMtls(cluster, istio);
  const users = new Users(cluster, { config, pipeline, istio, gateway });
  const services = new AiServices(cluster, { config, pipeline, secrets, istio, mtls });

  const certificate = ingressCertificate(cluster, { ingress, gateway, certManager: certManager?.component });
  new MeshTraffic(cluster, { config, services, gateway, users, certificate });

  new Observability(cluster, { config, istio, gateway, services });

  return { cluster: clusterConfig.name, ingress: gateway.address };
});

/** Where users reach the pipeline, per cluster. */
export const ingress = meshes;
/** The mesh as a Mermaid flowchart. */
export const diagram = meshDiagram(pipeline);
