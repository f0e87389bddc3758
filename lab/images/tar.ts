import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Entry } from "./entry.ts";

const BLOCK = 512;
const TYPES = { copy: "0", text: "0", link: "2", folder: "5" };

/** Content whose size is known before it is read. */
export type Content = { readonly size: number; readonly read: () => AsyncIterable<Uint8Array> };

export async function contentOf(entry: Entry): Promise<Content> {
  if (entry.kind === "copy") return await fileContent(entry.from);
  return bytesContent(Buffer.from(entry.kind === "text" ? entry.text : ""));
}

export async function fileContent(path: string): Promise<Content> {
  const { size } = await stat(path);
  return { size, read: () => createReadStream(path, { highWaterMark: 1 << 20 }) };
}

export function bytesContent(bytes: Uint8Array): Content {
  return {
    size: bytes.length,
    read: () =>
      (async function* () {
        if (bytes.length > 0) yield bytes;
      })(),
  };
}

/** A tar archive that depends on nothing but the entries: no times, no names of this machine's users. */
export async function* tar(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) yield* member(entry, await contentOf(entry));
  yield ending();
}

/** One file of a tar archive. */
export async function* member(entry: Entry, { size, read }: Content): AsyncGenerator<Uint8Array> {
  yield header(entry, size);
  yield* read();
  yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Two empty blocks end an archive. */
export function ending(): Uint8Array {
  return Buffer.alloc(2 * BLOCK);
}

/** The size of the archive that `tar` would write. */
export async function tarSize(entries: readonly Entry[]): Promise<number> {
  let size = 2 * BLOCK;
  for (const entry of entries) size += BLOCK + Math.ceil((await contentOf(entry)).size / BLOCK) * BLOCK;
  return size;
}

/** A POSIX ustar header. */
function header(entry: Entry, size: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const path = entry.kind === "folder" ? `${entry.path}/` : entry.path;
  const target = entry.kind === "link" ? entry.target : "";
  if (Buffer.byteLength(path) > 100 || Buffer.byteLength(target) > 100)
    throw new Error(`${path} is too long a path for an image`);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
  block.write(path, 0);
  octal(entry.mode, 100, 8);
  octal(entry.owner ?? 0, 108, 8);
  octal(entry.owner ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(TYPES[entry.kind], 156);
  block.write(target, 157);
  block.write("ustar\x0000", 257, "latin1");
  // The checksum is that of the header with blanks in its own place.
  block.fill(" ", 148, 156);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
  return block;
}
