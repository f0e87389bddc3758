import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chartFrom } from "../../components/charts.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { ended } from "../support/command.ts";

const fixture = new URL("../engine/fixtures/chart", import.meta.url).pathname;
const version = "1.2.3";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** The manifest of a chart in a registry, and the blobs that it names. */
function contentOf(archive: Buffer): { manifest: Buffer; blobs: Buffer[] } {
  const config = Buffer.from(JSON.stringify({ apiVersion: "v2", name: "chart", version }));
  const described = (mediaType: string, content: Buffer) => ({
    mediaType,
    digest: digestOf(content),
    size: content.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: described("application/vnd.cncf.helm.config.v1+json", config),
    layers: [described("application/vnd.cncf.helm.chart.content.v1.tar+gzip", archive)],
  };
  return { manifest: Buffer.from(JSON.stringify(manifest)), blobs: [config, archive] };
}

/** A registry of one chart in two builds, the tag of whose version leads to the second. */
class Registry {
  readonly #server: Server;
  readonly digests: string[] = [];

  constructor(...archives: readonly Buffer[]) {
    const contents = archives.map(contentOf);
    const manifests = new Map(contents.map(({ manifest }) => [digestOf(manifest), manifest]));
    this.digests.push(...manifests.keys());
    const tagged = contents.at(-1)?.manifest;
    const blobs = new Map(contents.flatMap((content) => content.blobs).map((blob) => [digestOf(blob), blob]));
    this.#server = createServer((request, response) => {
      const [, kind, reference = ""] = /\/(manifests|blobs)\/(.+)$/.exec(request.url ?? "") ?? [];
      const manifest = reference === version ? tagged : manifests.get(reference);
      const found = kind === "blobs" ? blobs.get(reference) : manifest;
      if (found === undefined) response.writeHead(404).end();
      else {
        const type = kind === "blobs" ? "application/octet-stream" : manifestType;
        response.writeHead(200, {
          "content-type": type,
          "content-length": found.length,
          "docker-content-digest": digestOf(found),
        });
        response.end(request.method === "HEAD" ? undefined : found);
      }
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("the registry has no port");
    return `oci://127.0.0.1:${address.port}/charts`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const dir = mkdtempSync(join(tmpdir(), "linly-mesh-chart-digests-"));
let helm: string;
let registry: Registry;
let oci: string;

/** The fixture as an archive, told from another build of the same version by its `appVersion`. */
async function packed(appVersion: string): Promise<Buffer> {
  const into = join(dir, appVersion);
  const args = ["package", fixture, "--app-version", appVersion, "--destination", into];
  expect(await ended(helm, args)).toMatchObject({ code: 0 });
  return readFileSync(join(into, `chart-${version}.tgz`));
}

/** What helm shows of a chart from the registry, called as the program calls it. */
async function shown(digest: string | undefined): Promise<{ code: number | null; text: string }> {
  const source = { oci, version, ...(digest !== undefined && { digests: { chart: digest } }) };
  const { chart } = chartFrom(source, "chart");
  const { code, stdout, stderr } = await ended(helm, ["show", "chart", chart, "--version", version, "--plain-http"]);
  return { code, text: stdout + stderr };
}

beforeAll(async () => {
  ({ helm } = await ensureTools(console.log, ["helm"]));
  registry = new Registry(await packed("reviewed"), await packed("replaced"));
  oci = await registry.start();
});

afterAll(() => {
  registry.stop();
  rmSync(dir, { recursive: true, force: true });
});

test("the control: without a digest helm takes whatever the version's tag leads to", async () => {
  expect(await shown(undefined)).toMatchObject({ code: 0, text: expect.stringContaining("appVersion: replaced") });
});

test("a chart of the digest that the stack names is taken", async () => {
  expect(await shown(registry.digests[1])).toMatchObject({
    code: 0,
    text: expect.stringContaining("appVersion: replaced"),
  });
});

test("a version whose tag leads to another chart than the stack names is refused", async () => {
  const { code, text } = await shown(registry.digests[0]);
  expect(code).toBe(1);
  expect(text).toMatch(/chart reference digest mismatch: sha256:\w{64} is not sha256:\w{64}/);
});
