import type { PipelinePlan } from "./plan.ts";
import { isShadow } from "./shadow.ts";
import { serviceName } from "./stage.ts";

interface Drawable {
  readonly versions: readonly { readonly name: string; readonly weight: number }[];
  readonly mirror?: { readonly to: string; readonly percent: number } | undefined;
}

/**
 * The mesh as a Mermaid flowchart: users, ingress gateway, stages on their pools, the share of each version; to a shadow, by a
 * dotted line, the share of requests of which it gets copies.
 */
export function meshDiagram({ services, edges }: PipelinePlan<Drawable>): string {
  const pools = new Set(services.map(({ stage }) => stage.pool));
  const nodes = [...pools].flatMap((pool) => [
    `  subgraph ${pool}["${pool} pool"]`,
    ...services
      .filter(({ stage }) => stage.pool === pool)
      .flatMap(({ stage, service }) => [
        `    ${stage.name}(["${serviceName(stage)}"])`,
        ...service.versions.map(
          (version) =>
            `    ${stage.name} ${arrow(service, version)} ${versionId(stage.name, version.name)}["${version.name}"]`,
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

function arrow(service: Drawable, version: Drawable["versions"][number]): string {
  const { mirror } = service;
  if (mirror !== undefined && isShadow(service, version)) return `-. "copies of ${mirror.percent} %" .->`;
  return `-- "${version.weight} %" -->`;
}

function versionId(stage: string, version: string): string {
  return `${stage}_${version.replace(/-/g, "_")}`;
}
