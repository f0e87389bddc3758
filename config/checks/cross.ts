import type { Fault } from "../faults.ts";
import { chainFaults, sourceFaults } from "./abilities.ts";
import { ambientFaults } from "./ambient.ts";
import { autoscalingFaults } from "./autoscaling.ts";
import { capacityFaults } from "./capacity.ts";
import { ingressTlsFaults, meshCaFaults, rootNameFaults } from "./certificates.ts";
import { certManagerValueFaults } from "./cert-manager-values.ts";
import { chartDigestFaults } from "./chart-digests.ts";
import { clusterNameFaults } from "./cluster-names.ts";
import { apiServerFaults, clusterFaults, podCidrFaults } from "./clusters.ts";
import { egressFaults } from "./egress.ts";
import { engineSettingFaults } from "./engine-settings.ts";
import { engineFaults } from "./engines.ts";
import { istioReleaseFaults } from "./istio-release.ts";
import { kubernetesFaults } from "./kubernetes.ts";
import { dashboardFaults, gpuSharingFaults, migFaults } from "./addons.ts";
import { layer4Faults } from "./layer4.ts";
import { lenientMesh, type LenientMesh } from "./lenient.ts";
import { localityFaults } from "./locality.ts";
import { hostFaults, labFaults, namespaceFaults } from "./names.ts";
import { mappedValueFaults } from "./mapped-values.ts";
import { mirrorFaults } from "./mirror.ts";
import { uploaderFaults } from "./model-uploader.ts";
import { offlineFaults } from "./offline.ts";
import { overloadFaults } from "./overload.ts";
import { pinFaults } from "./pins.ts";
import { pipelineFaults } from "./pipeline.ts";
import { clusterWeightFaults, nowhereFaults, placementFaults, spreadFaults } from "./placement.ts";
import { reservedValueFaults } from "./reserved-values.ts";
import { gpuFaults, resourceFaults } from "./resources.ts";
import { sameZoneFaults } from "./same-zone.ts";
import { alertFaults, judgeFaults, retentionFaults, spanFaults } from "./telemetry.ts";
import { timeoutFaults, tryFaults } from "./timeouts.ts";
import { topologyFaults } from "./topology.ts";
import { userFaults } from "./users.ts";
import { variableFaults, versionFaults } from "./versions.ts";
import { webSocketFaults } from "./web-sockets.ts";

const checks: readonly ((mesh: LenientMesh) => Fault[])[] = [
  topologyFaults,
  clusterFaults,
  clusterNameFaults,
  apiServerFaults,
  podCidrFaults,
  localityFaults,
  pipelineFaults,
  pinFaults,
  versionFaults,
  placementFaults,
  clusterWeightFaults,
  nowhereFaults,
  spreadFaults,
  mirrorFaults,
  variableFaults,
  engineFaults,
  engineSettingFaults,
  chainFaults,
  timeoutFaults,
  tryFaults,
  layer4Faults,
  webSocketFaults,
  egressFaults,
  sameZoneFaults,
  autoscalingFaults,
  resourceFaults,
  gpuFaults,
  capacityFaults,
  kubernetesFaults,
  istioReleaseFaults,
  namespaceFaults,
  hostFaults,
  ingressTlsFaults,
  meshCaFaults,
  rootNameFaults,
  labFaults,
  reservedValueFaults,
  mappedValueFaults,
  certManagerValueFaults,
  ambientFaults,
  uploaderFaults,
  chartDigestFaults,
  offlineFaults,
  overloadFaults,
  userFaults,
  migFaults,
  gpuSharingFaults,
  dashboardFaults,
  alertFaults,
  sourceFaults,
  judgeFaults,
  spanFaults,
  retentionFaults,
];

/** The faults that no single value shows: sums, names given twice, references to nothing. */
export function crossFaults(raw: unknown): Fault[] {
  const parsed = lenientMesh.safeParse(raw);
  return parsed.success ? checks.flatMap((check) => check(parsed.data)) : [];
}
