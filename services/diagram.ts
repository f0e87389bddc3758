import { serviceName } from "./stage.ts";
import type { PipelinePlan } from "./plan.ts";

interface Drawable {
  readonly versions: readonly { readonly name: string; readonly weight: number }[];
}

/** The mesh as a Mermaid flowchart: users, ingress gateway, stages on their pools, the share of each version. */
export function meshDiagram({ services, edges }: PipelinePlan<Drawable>): string {
  const pools = new Set(services.map(({ stage }) => stage.pool));
  const nodes = [...pools].flatMap((pool) => [
    `  subgraph ${pool}["${pool} pool"]`,
    ...services
      .filter(({ stage }) => stage.pool === pool)
      .flatMap(({ stage, service }) => [
        `    ${stage.name}(["${serviceName(stage)}"])`,
        ...service.versions.map(
          ({ name, weight }) => `    ${stage.name} -- "${weight} %" --> ${versionId(stage.name, name)}["${name}"]`,
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
