import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { command } from "../tools/command.ts";
import { ToolError } from "../tools/errors.ts";
import { file, folder, link, program, text } from "./entry.ts";
import type { Entry } from "./entry.ts";

const CA_BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

const USERS = [
  "root:x:0:0:root:/root:/sbin/nologin",
  "simulator:x:1000:1000:simulator:/simulator:/sbin/nologin",
  "istio-proxy:x:1337:1337:istio-proxy:/var/lib/istio:/sbin/nologin",
  "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin",
];

/** What a static program expects of a system: users, name resolution by files first, authorities, a place for scratch. */
export function staticBase(): Entry[] {
  const bundle = CA_BUNDLES.find((path) => existsSync(path));
  if (bundle === undefined) throw new ToolError(`no certificate authorities at ${CA_BUNDLES.join(" or ")}`);
  return [
    text("etc/passwd", `${USERS.join("\n")}\n`),
    text("etc/group", `${USERS.map(groupOf).join("\n")}\n`),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
    file("etc/ssl/certs/ca-certificates.crt", bundle),
    folder("tmp", { mode: 0o1777 }),
  ];
}

/** The group of its own that each user has. */
function groupOf(user: string): string {
  const [name = "", , id = ""] = user.split(":");
  return `${name}:x:${id}:`;
}

/** The shared libraries that programs of this machine are linked to, the dynamic linker included, where they lie here. */
export async function sharedLibraries(programs: readonly string[]): Promise<Entry[]> {
  const paths = new Set<string>();
  for (const path of programs) {
    const listed = await command(`reading what ${path} is linked to`, "ldd", [path]);
    if (listed.includes("not found")) throw new ToolError(`${path} needs libraries that this system lacks:\n${listed}`);
    for (const match of listed.matchAll(/(\/\S+) \(0x/g)) if (match[1] !== undefined) paths.add(match[1]);
  }
  // glibc opens these by name when it resolves names; newer ones carry them inside.
  const libc = [...paths].find((path) => path.includes("/libc.so"));
  const byName = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];
  if (libc !== undefined)
    for (const path of byName.map((name) => join(dirname(libc), name))) if (existsSync(path)) paths.add(path);
  return [...paths].map((path) => program(path.slice(1), path));
}

/** iptables in both its forms, by the names that Istio's programs look for. */
export async function iptables(): Promise<Entry[]> {
  const forms = { nft: "/usr/sbin/xtables-nft-multi", legacy: "/usr/sbin/xtables-legacy-multi" };
  const there = Object.entries(forms).filter(([, path]) => existsSync(path));
  const names = (form: string) =>
    ["iptables", "ip6tables"].flatMap((name) => ["", "-save", "-restore"].map((verb) => `${name}${form}${verb}`));
  const links = there.flatMap(([form, path], index) =>
    [...names(`-${form}`), ...(index === 0 ? names("") : [])].map((name) => link(`usr/sbin/${name}`, path)),
  );
  const libraries = await sharedLibraries(there.map(([, path]) => path));
  const extensions = globSync(["/usr/lib/*/xtables/*.so", "/usr/lib64/xtables/*.so", "/usr/lib/xtables/*.so"]);
  return [
    ...there.map(([, path]) => program(path.slice(1), path)),
    ...links,
    ...libraries,
    ...extensions.map((path) => program(path.slice(1), path)),
    folder("run"),
  ];
}
