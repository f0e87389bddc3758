import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { openerOf } from "../../cli/secure.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { ConfigError } from "../../config/faults.ts";
import { unknownValue } from "../../engine/index.ts";

/** Made by the Pulumi CLI for the passphrase "password": its own test data. */
const salt = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==";

/** Encrypts as the CLI does. */
function sealed(text: string, nonce = Buffer.alloc(12, 7)): string {
  const key = pbkdf2Sync("password", Buffer.from("fozI5u6B030=", "base64"), 1_000_000, 32, "sha256");
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
}

describe("secure: values", () => {
  test("open with the stack's passphrase alone", () => {
    const opener = openerOf("password", salt);
    expect(opener?.open("v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==")).toBe("pulumi");
    expect(opener?.open(sealed("s3cret, ünïcode"))).toBe("s3cret, ünïcode");
    expect(openerOf("Password", salt)).toBeUndefined();
  });

  test.each([
    "",
    "v1:a",
    "v2:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==",
    "v1:F+6ZduKKd8G0/V7L:AAAA",
    "v1:a:b:c",
  ])("%j does not open", (value) => {
    expect(openerOf("password", salt)?.open(value)).toBeUndefined();
  });
});

const folder = mkdtempSync(join(tmpdir(), "linly-mesh-secrets-"));
mkdirSync(join(folder, "stacks"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A stack file with these secrets and this environment of llm, read as the command line reads it. */
function read(secrets: unknown, env: unknown, passphrase?: string, more: { mesh?: object; version?: object } = {}) {
  const mesh = {
    mode: "chain",
    pipeline: ["llm"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    services: { llm: { versions: [{ name: "v1", weight: 100, image: "x/llm:1", env, ...more.version }] } },
    ...more.mesh,
  };
  const config = { "linly-mesh:mesh": mesh, ...(secrets !== undefined && { "linly-mesh:secrets": secrets }) };
  writeFileSync(join(folder, "stacks", "Pulumi.s.yaml"), stringify({ encryptionsalt: salt, config }));
  return readStackFile(folder, "s", passphrase);
}

describe("linly-mesh:secrets", () => {
  const env = { OPENAI_API_KEY: { secret: "openai-api-key" } };

  test("with the passphrase they are there, under a key that is secret", () => {
    const file = read({ "openai-api-key": { secure: sealed("sk-123") } }, env, "password");
    expect(file.config["linly-mesh:secrets"]).toBe('{"openai-api-key":"sk-123"}');
    expect(file.secretKeys).toEqual(["linly-mesh:secrets"]);
    expect(file.sealed).toEqual([]);
  });

  test.each([undefined, "wrong"])("with passphrase %j they are unknown, and said to be", (passphrase) => {
    const file = read({ "openai-api-key": { secure: sealed("sk-123") } }, env, passphrase);
    expect(file.config["linly-mesh:secrets"]).toBe(JSON.stringify({ "openai-api-key": unknownValue }));
    expect(file.sealed).toEqual(["openai-api-key"]);
  });

  const key = { secure: sealed("sk-123") };
  test.each([
    [{ "openai-api-key": "sk-123" }, env, /linly-mesh:secrets\.openai-api-key +is in clear; encrypt it: pulumi config/],
    [
      { "openai-api-key": key, other: "sk-123" },
      env,
      /linly-mesh:secrets\.other +is in clear; encrypt it: pulumi config/,
    ],
    [{ "openai-api-key": { secure: key } }, env, /linly-mesh:secrets\.openai-api-key +is in clear; encrypt it/],
    [{ "openai-apikey": key }, env, /env\.OPENAI_API_KEY +"openai-api-key" is not in .*did you mean "openai-apikey"\?/],
    [{ "openai-api-key": key, other: key }, env, /linly-mesh:secrets\.other +is used nowhere/],
    [undefined, env, /env\.OPENAI_API_KEY +"openai-api-key" is not in linly-mesh:secrets/],
    [undefined, { KEY: key }, /services\.llm\.versions\[0\]\.env\.KEY +is secure:, but stands in linly-mesh:mesh/],
    [{ Bad_Name: key }, {}, /linly-mesh:secrets\.Bad_Name +is not a name of at most 63 lower-case letters/],
    [["x"], {}, /linly-mesh:secrets +is not a mapping/],
    [undefined, { KEY: 5 }, /env\.KEY +5 is not a text or a reference such as \{ secret: openai-api-key \}/],
  ])("%j with env %j is a fault that tells no secret", (secrets, environment, message) => {
    const reading = () => read(secrets, environment, "password");
    expect(reading).toThrow(message);
    expect(reading).not.toThrow(/sk-123/);
  });

  const missing = 'services.llm.versions[0].env.K: "openai-apikey" is not in linly-mesh:secrets';
  const typo = 'services.llm.versions[0].wieght: is an unknown key: did you mean "weight"?';
  test.each<[string, unknown, unknown, { mesh?: object; version?: object }, string[]]>([
    [
      "beside others of the mesh",
      { "openai-api-key": key, other: key },
      { K: { secret: "openai-apikey" } },
      { version: { wieght: 100 } },
      [
        typo,
        `${missing}: did you mean "openai-api-key"?`,
        "linly-mesh:secrets.openai-api-key: is used nowhere; remove it",
        "linly-mesh:secrets.other: is used nowhere; remove it",
      ],
    ],
    [
      "what may be used by a part that cannot be read is not called unused",
      { "openai-api-key": key },
      {},
      { mesh: { services: { llm: { verisons: [{ env: { K: { secret: "openai-api-key" } } }] } } } },
      [
        "services.llm.versions: is missing; it must be a list",
        'services.llm.verisons: is an unknown key: did you mean "versions"?',
      ],
    ],
    [
      "a sealed value beside others of the mesh",
      undefined,
      { K: key },
      { mesh: { mode: "chian" }, version: { weight: 90 } },
      [
        "services.llm.versions[0].env.K: is secure:, but stands in linly-mesh:mesh, which is read in clear; put it under linly-mesh:secrets and refer to it",
        expect.stringMatching(/^mode: "chian" is not a mode/),
        expect.stringMatching(/^services\.llm\.versions: weights total 90/),
      ],
    ],
    [
      "what may be used by a sealed part is not called unused",
      { "openai-api-key": key },
      {},
      { mesh: { services: key } },
      [expect.stringMatching(/^services: is secure:, but stands in linly-mesh:mesh/)],
    ],
    [
      "all of them encrypted at once",
      key,
      env,
      {},
      [
        "linly-mesh:secrets: is encrypted as a whole; remove it, and encrypt each secret by itself: pulumi config set --secret --path 'linly-mesh:secrets.NAME'",
      ],
    ],
    [
      "one in clear is there all the same",
      { "openai-api-key": "sk-123" },
      env,
      {},
      [expect.stringMatching(/^linly-mesh:secrets\.openai-api-key: is in clear; encrypt it: /)],
    ],
  ])("all faults at once: %s", (_, secrets, environment, more, expected) => {
    expect(faultsOf(() => read(secrets, environment, undefined, more))).toEqual(expected);
  });
});

function faultsOf(reading: () => unknown): string[] {
  try {
    reading();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}
