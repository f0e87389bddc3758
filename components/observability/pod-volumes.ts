import { createHash } from "node:crypto";

export interface PodFolders {
  /** Name of the ConfigMap and of the claim. */
  readonly name: string;
  /** Files of a ConfigMap, by the folder that they are mounted in. A change of one replaces the pod. */
  readonly files?: Record<string, Record<string, string>>;
  /** Folders that are written to, each with the size of its volume; one that is kept is a claim of its own. */
  readonly folders: Record<string, { readonly size: string; readonly keep?: boolean }>;
}

/** A hash of all files: a pod that reads them only when it starts is replaced when one changes. */
export function hashOf(files: PodFolders["files"]): string {
  return createHash("sha256")
    .update(JSON.stringify(files ?? {}))
    .digest("hex")
    .slice(0, 16);
}

/** The volumes of a pod, where they are mounted, and what has to be there for them. */
export function volumesOf({ name, files = {}, folders }: PodFolders) {
  const fileFolders = Object.entries(files);
  const mounts = [...fileFolders, ...Object.entries(folders)].map(([mountPath], index) => ({
    name: `v${index}`,
    mountPath,
    ...(index < fileFolders.length && { readOnly: true }),
  }));
  const claims = Object.entries(folders).flatMap(([, { size, keep = false }], index) =>
    keep ? [{ claim: index === 0 ? name : `${name}-${index}`, size, index }] : [],
  );
  const fromFiles = fileFolders.map(([, held], index) => ({
    name: `v${index}`,
    configMap: { name, items: Object.keys(held).map((file) => ({ key: file, path: file })) },
  }));
  const fromFolders = Object.values(folders).map(({ size }, index) => {
    const claim = claims.find((one) => one.index === index);
    const volume = `v${fileFolders.length + index}`;
    if (claim === undefined) return { name: volume, emptyDir: { sizeLimit: size } };
    return { name: volume, persistentVolumeClaim: { claimName: claim.claim } };
  });
  const data = Object.fromEntries(fileFolders.flatMap(([, held]) => Object.entries(held)));
  return { mounts, volumes: [...fromFiles, ...fromFolders], claims, data };
}
