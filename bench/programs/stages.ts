import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../components/cluster.ts";
import { IngressGateway } from "../../components/istio/ingress-gateway.ts";
import { Istio } from "../../components/istio/istio.ts";
import { StrictMtls } from "../../components/security/strict-mtls.ts";
import { Users } from "../../components/security/users.ts";
import { AiServices } from "../../components/service/ai-services.ts";
import { MeshTraffic } from "../../components/traffic/mesh-traffic.ts";
import { loadMesh, loadSecrets } from "../../config/load.ts";
import { planPipeline } from "../../services/plan.ts";
import { planTopology } from "../../services/topology.ts";

/** The program of this repository with a chain of as many stages as asked for: each is llm, with its two versions. */
const config = loadMesh();
const count = new pulumi.Config().requireNumber("stages");
const pattern = planPipeline(config).services.find(({ stage }) => stage.name === "llm");
if (pattern === undefined) throw new RangeError("the stack has no llm to take as the pattern");
const { service } = pattern;
const secrets = loadSecrets(config);

const stages = Array.from({ length: count }, (_, index) => ({ ...pattern.stage, name: `llm${index + 1}` }));
const services = stages.map((stage, index) => ({
  stage,
  service,
  hops: stages.slice(index + 1, index + 2),
  entry: index === 0,
}));

for (const plan of planTopology(config.topology, config.clusters).clusters) {
  const cluster = new Cluster(plan);
  const istioArgs = { istio: config.istio, collector: undefined, airGap: undefined };
  const istio = new Istio(cluster, istioArgs, {});
  const gateway = new IngressGateway(cluster, { ...istioArgs, networkPolicies: [] }, istio);
  const mtls = new StrictMtls(cluster, istio);
  const pipeline = { services, edges: [] };
  const users = new Users(cluster, { config, pipeline, istio, gateway });
  const running = new AiServices(cluster, { config, pipeline, secrets, istio, mtls });
  new MeshTraffic(cluster, { config, services: running, gateway, users });
}
