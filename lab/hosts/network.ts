import { type ClusterAddresses, machineAddress, outside, segmentPrefixLength } from "../addresses.ts";
import { run } from "../run.ts";
import { waitFor } from "../wait.ts";
import { type Host, runInNetworkOf } from "./host.ts";

/*
 * All hosts hang on one bridge. The bridge has a network namespace of its own, the host `switch`, so that neither a
 * firewall on the machine nor its sysctls see the frames between hosts, and all that the machine's own network gets is
 * one interface. An interface ends with either of the two namespaces it joins.
 */
export const interfacePrefix = "lm-";
const machineInterface = `${interfacePrefix}lab`;
const bridge = `${interfacePrefix}bridge`;

/** Interfaces of a switch that has died go a little later than it; until then they look like those of its successor. */
export async function awaitUnplugged(): Promise<void> {
  await waitFor("interfaces of the former switch gone", { seconds: 10 }, async () => {
    const links = await interfacesOfMachine();
    return links.length === 0 || `${links.join(", ")} still there`;
  });
}

/** Makes the bridge and joins the machine to it. */
export async function ensureSwitch(switchHost: Host): Promise<void> {
  if (!(await hasInterface(switchHost, bridge))) {
    await runInNetworkOf(switchHost, "ip", ["link", "add", bridge, "up", "type", "bridge"]);
  }
  const links = await interfacesOfMachine();
  if (!links.includes(machineInterface)) {
    await plug(switchHost, `${interfacePrefix}machine`, machineInterface, process.pid);
  }
  await ip(run, [
    `link set ${machineInterface} up`,
    `address replace ${machineAddress}/${segmentPrefixLength} dev ${machineInterface}`,
    `address replace ${outside.address}/32 dev ${machineInterface}`,
  ]);
}

/** Joins a host to the bridge as eth0. */
export async function ensureUplink(switchHost: Host, host: Host, port: string, address: string): Promise<void> {
  if (!(await hasInterface(host, "eth0"))) await plug(switchHost, `${interfacePrefix}${port}`, "eth0", host.pid);
  await ip(inside(host), ["link set eth0 up", `address replace ${address}/${segmentPrefixLength} dev eth0`]);
}

/** Routes the cluster's pods to their nodes, as seen from a host of the cluster. */
export async function routePods(host: Host, cluster: ClusterAddresses, own?: string): Promise<void> {
  const others = cluster.nodes.filter(({ address }) => address !== own);
  await ip(
    inside(host),
    others.map(({ address, podCidr }) => `route replace ${podCidr} via ${address}`),
  );
}

/** The same, as seen from the machine. */
export async function routePodsFromMachine(cluster: ClusterAddresses): Promise<void> {
  await ip(
    run,
    cluster.nodes.map(({ address, podCidr }) => `route replace ${podCidr} via ${address} dev ${machineInterface}`),
  );
}

/**
 * Connections of the node itself to Services need some route before kube-proxy rewrites them. Pods leave the cluster
 * under their node's address, for nobody out there knows the way back to a pod.
 */
export async function ensureNodeRouting(host: Host, cluster: ClusterAddresses): Promise<void> {
  await ip(inside(host), [
    `route replace ${cluster.serviceCidr} dev eth0`,
    `route replace ${outside.cidr} via ${machineAddress}`,
  ]);
  const rules = `
    table ip linly_mesh_lab
    delete table ip linly_mesh_lab
    table ip linly_mesh_lab {
      chain postrouting {
        type nat hook postrouting priority srcnat + 5
        ip saddr ${cluster.podCidr} ip daddr != { ${cluster.podCidr}, ${cluster.hostCidr} } masquerade
      }
    }`;
  await runInNetworkOf(host, "nft", ["-f", "-"], rules);
}

/** Lets a node answer for all LoadBalancer addresses of its cluster; kube-proxy does the rest. */
export async function answerForLoadBalancers(host: Host, cluster: ClusterAddresses): Promise<void> {
  await ip(inside(host), [`route replace local ${cluster.loadBalancerCidr} dev eth0`]);
}

export async function interfacesOfMachine(): Promise<string[]> {
  return linkNames(await run("ip", ["-o", "link"])).filter((name) => name.startsWith(interfacePrefix));
}

export async function removeInterface(name: string): Promise<void> {
  await run("ip", ["link", "delete", name]).catch(async (error: unknown) => {
    if ((await interfacesOfMachine()).includes(name)) throw error;
  });
}

type Runner = (command: string, args: readonly string[], input?: string) => Promise<string>;

function inside(host: Host): Runner {
  return async (command, args, input) => await runInNetworkOf(host, command, args, input);
}

async function ip(runner: Runner, commands: readonly string[]): Promise<void> {
  if (commands.length > 0) await runner("ip", ["-batch", "-"], `${commands.join("\n")}\n`);
}

async function plug(switchHost: Host, port: string, peer: string, peerPid: number): Promise<void> {
  // A host that has just died takes its interfaces with it a little later.
  await runInNetworkOf(switchHost, "ip", ["link", "delete", port]).catch(() => undefined);
  // nsenter -n keeps our PID namespace, so the pid names the other end's namespace.
  const link = ["link", "add", port, "up", "master", bridge, "type", "veth", "peer", "name", peer];
  await runInNetworkOf(switchHost, "ip", [...link, "netns", String(peerPid)]);
}

async function hasInterface(host: Host, name: string): Promise<boolean> {
  return linkNames(await runInNetworkOf(host, "ip", ["-o", "link"])).includes(name);
}

function linkNames(listing: string): string[] {
  return [...listing.matchAll(/^\d+: ([^:@]+)[:@]/gm)].map(([, name = ""]) => name);
}
