/** Something in an image's file system. Owned by root unless `owner` says otherwise. */
export type Entry = {
  /** Without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly owner?: number;
} & (
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "copy"; readonly from: string }
);

export function folder(path: string, options: { mode?: number; owner?: number } = {}): Entry {
  return { kind: "folder", path, mode: 0o755, ...options };
}

export function link(path: string, target: string): Entry {
  return { kind: "link", path, target, mode: 0o777 };
}

export function text(path: string, content: string): Entry {
  return { kind: "text", path, text: content, mode: 0o644 };
}

/** A file of this machine; links are followed. */
export function file(path: string, from: string): Entry {
  return { kind: "copy", path, from, mode: 0o644 };
}

export function program(path: string, from: string): Entry {
  return { kind: "copy", path, from, mode: 0o755 };
}

/** The entries in a stable order, each once, each folder before what it holds. */
export function complete(entries: readonly Entry[]): Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    const parts = entry.path.split("/");
    for (const end of parts.keys()) {
      const parent = parts.slice(0, end).join("/");
      if (parent !== "" && !byPath.has(parent)) byPath.set(parent, folder(parent));
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
