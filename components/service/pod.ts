import type { PoolConfig, ServiceConfig, VersionConfig } from "../../config/schema.ts";
import type { StandingStage } from "../../services/standing.ts";
import { mirrored } from "../images.ts";
import { restrictedContainer, restrictedPod } from "../security/pod.ts";
import { gracePeriodSeconds, lifecycleOf } from "./drain.ts";
import { downwardEnv, hopEnv, mergeEnv, versionArgs, versionEnv } from "./env.ts";
import { placementOf, spreadOf } from "./placement.ts";
import { probesOf } from "./probes.ts";
import { resourcesOf } from "./resources.ts";
import { modelOf, volumesOf } from "./volumes.ts";
import { versionLabels } from "./workload.ts";

export interface PodArgs {
  readonly stage: StandingStage;
  readonly service: ServiceConfig;
  readonly version: VersionConfig;
  readonly pool: PoolConfig;
  /** The stages this one calls, in order. */
  readonly hops: readonly StandingStage[];
  readonly namespace: string;
  /** Name of the resource by which a pod asks for a GPU. */
  readonly gpuResource: string;
  /** The one registry of a cluster without internet. */
  readonly registry: string | undefined;
  /** The claim that the program makes for the model, where it makes one. */
  readonly madeClaim: string;
}

/**
 * The pods of one version, but for their ServiceAccount.
 *
 * @throws RangeError where neither stack nor engine names an image, which the checks of a stack file refuse
 */
export function podSpec(args: PodArgs) {
  const { stage, service, version, pool, hops, namespace, gpuResource, registry, madeClaim } = args;
  const { engine } = stage;
  const image = version.image ?? engine.image;
  if (image === undefined) throw new RangeError(`${stage.name} ${version.name} has no image, nor has ${engine.name}`);
  const model = modelOf(service, version);
  const mountsModel = model !== undefined;
  const { volumes, volumeMounts } = volumesOf(engine, model, madeClaim, registry);
  const own = versionArgs(stage, version, mountsModel);
  return {
    // A Service called llm-service would otherwise set LLM_SERVICE_PORT=tcp://…, which clients read as a number.
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    securityContext: restrictedPod,
    terminationGracePeriodSeconds: gracePeriodSeconds(stage),
    ...placementOf(pool),
    topologySpreadConstraints: spreadOf(versionLabels(stage, version)),
    containers: [
      {
        name: stage.name,
        image: mirrored(image, registry),
        imagePullPolicy: "IfNotPresent",
        ...(own.length > 0 && { args: own }),
        ports: [{ name: engine.protocol, containerPort: engine.port }],
        env: [...mergeEnv(hopEnv(hops, namespace), versionEnv(stage, version, mountsModel)), ...downwardEnv],
        resources: resourcesOf(stage, service, gpuResource),
        securityContext: restrictedContainer(engine),
        volumeMounts,
        ...probesOf(stage, service),
        ...lifecycleOf(stage),
      },
    ],
    volumes,
  };
}
