import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findCgroups } from "../../lab/hosts/cgroups.ts";

/** What the kernel counts for one container, under either version of cgroups. */
export class Container {
  readonly #folders: readonly string[];

  private constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** @param id the runtime's */
  static async of(lab: string, id: string): Promise<Container> {
    const folders = (await findCgroups(lab)).flatMap((folder) => below(folder, id));
    if (folders.length === 0) throw new Error(`container ${id} has no cgroup`);
    return new Container(folders);
  }

  /** Microseconds that it had a core for since it began. */
  cpu(): number {
    const version1 = this.#read("cpuacct.usage");
    return version1 === undefined ? this.#value("cpu.stat", "usage_usec") : Number(version1) / 1000;
  }

  /** Bytes of its own, without files that the kernel keeps in memory for it. */
  memory(): number {
    return this.#value("memory.stat", "total_rss", "anon");
  }

  /** The first of these keys that a file has a line for. */
  #value(file: string, ...keys: readonly string[]): number {
    const lines = (this.#read(file) ?? "").split("\n").map((line) => line.split(" "));
    const found = keys.flatMap((key) => lines.filter(([name]) => name === key))[0]?.[1];
    if (found === undefined) throw new Error(`no ${keys.join(" or ")} in ${file} of ${this.#folders.join(", ")}`);
    return Number(found);
  }

  #read(file: string): string | undefined {
    const path = this.#folders.map((folder) => join(folder, file)).find((candidate) => existsSync(candidate));
    return path === undefined ? undefined : readFileSync(path, "utf8");
  }
}

function below(folder: string, name: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(folder, entry.name);
    return entry.name === name ? [path] : below(path, name);
  });
}
