import type { DrawnMesh } from "../../services/diagram.ts";
import type { MeshPlan } from "./mesh-plan.ts";

/** What a diagram shows of a plan. */
export function drawnMesh({ sites, crossings }: MeshPlan): DrawnMesh {
  const clusters = sites.map(({ plan, pipeline }) => {
    const { name, region, network } = plan.cluster;
    const { role, controlPlane, eastWestGateway } = plan;
    return { name, region, network, role, controlPlane, eastWestGateway, pipeline };
  });
  return { clusters, crossings };
}
