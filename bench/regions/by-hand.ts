import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { eastWestName, eastWestNamespace, ingressName, istioNamespace } from "../../components/istio/values.ts";
import { readerName } from "../../components/multicluster/reader.ts";
import type { ClusterConfig, MeshConfig } from "../../config/schema.ts";
import type { Plan } from "../../engine/index.ts";
import { Hand, type Tools } from "../by-hand/hand.ts";
import { certManager } from "../by-hand/release-order.ts";
import { regionPartOf, type RegionPart } from "./parts.ts";

/** The tools of a person with several clusters. */
export interface RegionTools extends Omit<Tools, "context"> {
  readonly istioctl: string;
}

/**
 * A primary and a remote in networks of their own, brought up as Istio's documents tell: step by step, one cluster after
 * the other, each step waited for.
 */
export class RegionsByHand {
  readonly #primary: Hand<RegionPart>;
  readonly #remote: Hand<RegionPart>;
  readonly #clusters: { readonly primary: ClusterConfig; readonly remote: ClusterConfig };
  readonly #mesh: MeshConfig;
  readonly #dir: string;
  readonly #tools: RegionTools;

  /** @param dir folder for the manifests */
  constructor(plan: Plan, mesh: MeshConfig, dir: string, tools: RegionTools) {
    const clusters = { primary: ofRole(mesh, "primary"), remote: ofRole(mesh, "remote") };
    this.#primary = handOf(plan, clusters.primary, dir, tools);
    this.#remote = handOf(plan, clusters.remote, dir, tools);
    this.#clusters = clusters;
    this.#mesh = mesh;
    this.#dir = dir;
    this.#tools = tools;
  }

  async prepare(): Promise<void> {
    await Promise.all([this.#primary.prepare(), this.#remote.prepare()]);
  }

  async up(): Promise<void> {
    const [primary, remote] = [this.#primary, this.#remote];
    // The namespaces carry what tells each cluster's network, and of the remote who serves it.
    await primary.apply("namespaces");
    await primary.install(certManager);
    await primary.apply("certificates");
    await primary.install("istio-base");
    await primary.install("istiod");
    await primary.install("istio-cni");
    await primary.install(eastWestName);
    const address = await this.#addressOf(primary);
    await primary.apply("istiod-exposed");

    await remote.apply("namespaces");
    await remote.install(certManager);
    await remote.install("istiod", { global: { remotePilotAddress: address } });
    await remote.install("istio-cni");
    await remote.apply("reader");
    await this.#connect();
    await remote.install(eastWestName);
    await primary.apply("services-exposed");

    for (const cluster of [primary, remote]) await cluster.install(ingressName);
    for (const cluster of [primary, remote]) await cluster.apply("objects");
    for (const cluster of [primary, remote]) await this.#available(cluster);
  }

  /** Namespaces go last: with them go helm's records, without which a chart's objects outside of them would stay. */
  async down(): Promise<void> {
    const { remote: watched } = this.#clusters;
    const both = [this.#remote, this.#primary];
    for (const cluster of both) {
      for (const part of ["objects", "services-exposed", "istiod-exposed"] as const) await cluster.delete(part);
    }
    const secret = ["secret", `istio-remote-secret-${watched.name}`];
    await this.#primary.kubectl("--namespace", istioNamespace, "delete", "--ignore-not-found", ...secret);
    for (const cluster of both) {
      await cluster.delete("reader");
      await cluster.delete("certificates");
      await cluster.uninstall();
      await cluster.delete("namespaces");
    }
  }

  /** Where other clusters reach a cluster's gateway, once its load balancer has an address. */
  async #addressOf(cluster: Hand<RegionPart>): Promise<string> {
    const address = "{.status.loadBalancer.ingress[0].ip}";
    const of = ["--namespace", eastWestNamespace];
    await cluster.kubectl(...of, "wait", `service/${eastWestName}`, `--for=jsonpath=${address}`, "--timeout=300s");
    return cluster.kubectl(...of, "get", "service", eastWestName, `--output=jsonpath=${address}`);
  }

  /** Lets the primary read the remote, by an account that has the same rights as the one of the program. */
  async #connect(): Promise<void> {
    const { name, apiServer } = this.#clusters.remote;
    if (apiServer === undefined) throw new Error(`clusters: ${name} has no apiServer`);
    const { istioctl, kubeconfig } = this.#tools;
    const { stdout } = await promisify(execFile)(istioctl, [
      ...["create-remote-secret", "--kubeconfig", kubeconfig, "--context", name],
      ...["--name", name, "--server", apiServer],
      ...["--namespace", istioNamespace, "--service-account", readerName, "--create-service-account=false"],
    ]);
    const file = join(this.#dir, "remote-secret.yaml");
    await writeFile(file, stdout, { mode: 0o600 });
    await this.#primary.kubectl("apply", "--filename", file);
  }

  async #available(cluster: Hand<RegionPart>): Promise<void> {
    const all = ["deployment", "--all", "--for=condition=Available", "--timeout=300s"];
    await cluster.kubectl("--namespace", this.#mesh.namespace, "wait", ...all);
  }
}

function handOf(plan: Plan, { name }: ClusterConfig, dir: string, tools: RegionTools): Hand<RegionPart> {
  const steps = plan.steps.filter(
    (step) =>
      step.cluster === name &&
      (step.kind === "release" || (step.kind === "object" && regionPartOf(step) !== "remote-secret")),
  );
  return new Hand({ ...plan, steps }, regionPartOf, join(dir, name), { ...tools, context: name });
}

function ofRole({ clusters }: MeshConfig, role: "primary" | "remote"): ClusterConfig {
  const [found, ...others] = clusters.filter((cluster) => (cluster.role ?? "primary") === role);
  if (found === undefined || others.length > 0) throw new Error(`a mesh with one ${role} is expected`);
  return found;
}
