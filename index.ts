import { IngressGateway } from "./components/istio/ingress-gateway.ts";
import { drawnMesh } from "./components/multicluster/drawing.ts";
import { planMesh } from "./components/multicluster/mesh-plan.ts";
import { ExposedServices } from "./components/multicluster/exposed-services.ts";
import { Observability } from "./components/observability/observability.ts";
import { ingressCertificate } from "./components/security/ingress-certificate.ts";
import { gatewayPolicies } from "./components/security/network-policies.ts";
import { StrictMtls } from "./components/security/strict-mtls.ts";
import { Users } from "./components/security/users.ts";
import { AiServices } from "./components/service/ai-services.ts";
import { layFoundations } from "./components/site.ts";
import { MeshTraffic } from "./components/traffic/mesh-traffic.ts";
import { loadMesh, loadSecrets } from "./config/load.ts";
import { meshDiagram } from "./services/diagram.ts";

const config = loadMesh();
const secrets = loadSecrets(config);
const mesh = planMesh(config);
const { placements } = mesh;

// What runs in each cluster: primaries before the remotes that they serve.
const stages = new Map<string, AiServices>();
const running = layFoundations(config, mesh).map((site) => {
  const { cluster, plan, pipeline, crossing, istio, istioArgs, known, addOns } = site;
  const isPrimary = plan.role === "primary";
  const networkPolicies = gatewayPolicies({ config: site.config, pipeline, crossing });
  const gateway = new IngressGateway(cluster, { ...istioArgs, networkPolicies, after: known }, istio);
  const mtls = isPrimary ? new StrictMtls(cluster, istio) : undefined;
  const primary = isPrimary ? undefined : stages.get(plan.controlPlane);
  const around = { istio, mtls, primary, placements, after: known, crossing };
  const services = new AiServices(cluster, { config: site.config, pipeline, secrets, ...around });
  stages.set(cluster.config.name, services);
  const { ingress } = config;
  const certManager = addOns.certManager?.component;
  const certificate = ingressCertificate(cluster, { ingress, gateway, certManager });
  new Observability(cluster, { config: site.config, istio, gateway, services });
  return { ...site, gateway, services, certificate };
});

// What each control plane tells all proxies that it serves.
for (const { plan, cluster, config: own, pipeline, istio, gateway, services, certificate, eastWest } of running) {
  if (plan.role === "remote") continue;
  const served = running.filter((site) => plan.serves.includes(site.plan.cluster.name));
  const others = served.filter((site) => site.cluster !== cluster);
  const users = new Users(cluster, { config: own, pipeline, istio, gateway });
  new MeshTraffic(cluster, {
    config: own,
    services,
    remotes: new Map(others.map((site) => [site.plan.cluster.name, site.services])),
    elsewhere: running.filter((site) => !served.includes(site)).map((site) => site.services),
    gateway,
    users,
    certificate,
    certificatesElsewhere: others.flatMap((site) => site.certificate?.certificate ?? []),
  });
  if (eastWest === undefined) continue;
  for (const { plan: of, exposedHosts } of served) {
    new ExposedServices(cluster, { of: of.cluster, hosts: exposedHosts, after: [istio.istiod, eastWest.namespace] });
  }
}

/** Where users reach the pipeline, per cluster. */
export const ingress = running.map(({ cluster, gateway }) => ({
  cluster: cluster.config.name,
  region: cluster.config.region,
  ingress: gateway.address,
}));
/** The mesh as a Mermaid flowchart. */
export const diagram = meshDiagram(drawnMesh(mesh));
