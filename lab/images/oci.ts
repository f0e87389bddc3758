import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { complete, text } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { bytesContent, ending, member, tar, tarSize } from "./tar.ts";
import type { Content } from "./tar.ts";

/** How an image's process is started; the fields of an OCI image configuration. */
export type Start = {
  readonly User?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
};

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Writes an image of one layer as an archive of an OCI layout, which `ctr images import` takes. */
export async function writeImage(archive: string, name: string, entries: readonly Entry[], start: Start) {
  const layerEntries = complete(entries);
  const layer: Content = { size: await tarSize(layerEntries), read: () => tar(layerEntries) };
  const layerDigest = await digestOf(layer);

  const config = json({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: "linux",
    config: start,
    rootfs: { type: "layers", diff_ids: [layerDigest] },
    history: [{ created_by: "linly-mesh lab" }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: await descriptor("application/vnd.oci.image.config.v1+json", config),
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: layerDigest, size: layer.size }],
  });
  const index = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        ...(await descriptor("application/vnd.oci.image.manifest.v1+json", manifest)),
        annotations: {
          "io.containerd.image.name": name,
          "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
        },
      },
    ],
  });

  const members: [string, Content][] = [
    ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
    ["index.json", index],
  ];
  for (const blob of [manifest, config]) members.push([blobPath(await digestOf(blob)), blob]);
  members.push([blobPath(layerDigest), layer]);
  await pipeline(archiveOf(members), createWriteStream(archive));
}

async function* archiveOf(members: readonly [string, Content][]): AsyncGenerator<Uint8Array> {
  for (const [path, content] of members) yield* member(text(path, ""), content);
  yield ending();
}

async function descriptor(mediaType: string, content: Content) {
  return { mediaType, digest: await digestOf(content), size: content.size };
}

async function digestOf(content: Content): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of content.read()) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function json(value: unknown): Content {
  return bytesContent(Buffer.from(JSON.stringify(value)));
}
