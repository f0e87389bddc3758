import { arrowTo, clustersDiagram, type DrawnMesh, type DrawnService } from "./clusters-diagram.ts";
import type { PipelinePlan } from "./plan.ts";
import { serviceName } from "./stage.ts";

export type { DrawnCluster, DrawnMesh } from "./clusters-diagram.ts";

/** The mesh as a Mermaid flowchart: of one cluster its pipeline, else a box for each cluster. */
export function meshDiagram(mesh: DrawnMesh): string {
  const [only, ...others] = mesh.clusters;
  return only === undefined || others.length > 0 ? clustersDiagram(mesh) : pipelineDiagram(only.pipeline);
}

/**
 * A pipeline as a Mermaid flowchart: users, ingress gateway, stages on their pools, the share of each version; to a shadow, by
 * a dotted line, the share of requests of which it gets copies.
 */
export function pipelineDiagram({ services, edges }: PipelinePlan<DrawnService>): string {
  const pools = new Set(services.map(({ stage }) => stage.pool));
  const nodes = [...pools].flatMap((pool) => [
    `  subgraph ${pool}["${pool} pool"]`,
    ...services
      .filter(({ stage }) => stage.pool === pool)
      .flatMap(({ stage, service }) => [
        `    ${stage.name}(["${serviceName(stage)}"])`,
        ...service.versions.map(
          (version) =>
            `    ${stage.name} ${arrowTo(service, version)} ${versionId(stage.name, version.name)}["${version.name}"]`,
        ),
      ]),
    "  end",
  ]);
  const entries = services.filter(({ entry }) => entry).map(({ stage }) => `  ingress -- mTLS --> ${stage.name}`);
  const calls = edges.map(({ from, to }) => `  ${from} -- mTLS --> ${to}`);
  return [
    "flowchart LR",
    '  users(("users")) -- HTTP --> ingress["ingress gateway"]',
    ...nodes,
    ...entries,
    ...calls,
  ].join("\n");
}

function versionId(stage: string, version: string): string {
  return `${stage}_${version.replace(/-/g, "_")}`;
}
