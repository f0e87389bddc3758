import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { command } from "./command.ts";
import { hasPip } from "./envoy.ts";
import { ToolError } from "./errors.ts";

/** What the lab uses of the system: a Debian package, and one of the places where its work shows. */
type SystemPackage = {
  readonly name: string;
  readonly commands?: readonly string[];
  readonly files?: readonly string[];
};

const PACKAGES: readonly SystemPackage[] = [
  { name: "runc", commands: ["runc"] },
  {
    name: "containernetworking-plugins",
    files: ["/usr/lib/cni/bridge", "/opt/cni/bin/bridge", "/usr/libexec/cni/bridge"],
  },
  { name: "iptables", commands: ["iptables", "iptables-restore", "ip6tables"] },
  { name: "nftables", commands: ["nft"] },
  { name: "ipset", commands: ["ipset"] },
  { name: "iproute2", commands: ["ip", "tc"] },
  { name: "openssl", commands: ["openssl"] },
  { name: "conntrack", commands: ["conntrack"] },
  { name: "ethtool", commands: ["ethtool"] },
  { name: "ca-certificates", files: ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"] },
  { name: "util-linux", commands: ["unshare", "nsenter", "mount"] },
];

/** Installs what the lab uses of the system and the system lacks; where there is no apt-get, names it. */
export async function ensureDebianPackages(progress: (line: string) => void): Promise<void> {
  const missing = PACKAGES.filter((systemPackage) => !isThere(systemPackage)).map(({ name }) => name);
  if (!(await hasPip())) missing.push("python3", "python3-pip");
  if (missing.length === 0) return;
  if (findCommand("apt-get") === undefined)
    throw new ToolError(
      `this system lacks ${missing.join(", ")} (the names of Debian's packages), and has no apt-get to install them with; ` +
        "install what it calls them, or use an existing cluster",
    );
  if (process.getuid?.() !== 0)
    throw new ToolError(`root is needed to install ${missing.join(", ")}: apt-get install ${missing.join(" ")}`);
  progress(`system packages: installing ${missing.join(", ")}`);
  await install(missing);
  const lacking = PACKAGES.filter((systemPackage) => !isThere(systemPackage)).map(({ name }) => name);
  if (lacking.length > 0)
    throw new ToolError(`apt-get installed ${lacking.join(", ")}, but not where the lab looks for it`);
}

async function install(names: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const args = ["install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...names];
  // The lists a machine comes with are often empty or old: they are fetched only when they don't serve.
  const first = await command("", "apt-get", args, { env }).catch((error: unknown) => error);
  if (!(first instanceof Error)) return;
  await command("apt-get update", "apt-get", ["update"], { env });
  await command("installing system packages", "apt-get", args, { env });
}

function isThere({ commands = [], files }: SystemPackage): boolean {
  return commands.every((name) => findCommand(name) !== undefined) && (files === undefined || files.some(existsSync));
}

/** Where a command lies; sbin is looked through as well, which a user's PATH may leave out. */
function findCommand(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
