import { beforeAll, expect, test } from "vitest";
import { programOf, projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { unknownValue, type Plan, type Program } from "../../engine/index.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { at, stepTitled } from "../support/plan.ts";
import { planOf } from "../support/stack.ts";

const text = "sk-correct-horse-battery";

/** The local stack with a secret in the environment of its llm. */
function withSecret(value: string, name = "openai-api-key"): Program {
  const file = readStackFile(projectDir, "local");
  const mesh = referring(file.mesh);
  return programOf({
    ...file,
    config: { "linly-mesh:mesh": JSON.stringify(mesh), "linly-mesh:secrets": JSON.stringify({ [name]: value }) },
    secretKeys: ["linly-mesh:secrets"],
  });
}

function referring(mesh: MeshConfig): MeshConfig {
  const { llm } = mesh.services;
  if (llm === undefined) throw new Error("the local stack has no llm");
  const env = { OPENAI_API_KEY: { secret: "openai-api-key" } };
  const versions = llm.versions.map((version) => ({ ...version, env: { ...version.env, ...env } }));
  return { ...mesh, services: { ...mesh.services, llm: { ...llm, versions } } };
}

let known: Plan;
let unknown: Plan;

beforeAll(async () => {
  [known, unknown] = await Promise.all([planOf(withSecret(text)), planOf(withSecret(unknownValue))]);
});

test("a secret reaches its pods by reference, and is in clear nowhere in a plan", () => {
  const deployment = stepTitled(known, "Deployment linly/llm-service-v1-stable").inputs;
  expect(at(deployment, "spec", "template", "spec", "containers", 0, "env")).toContainEqual({
    name: "OPENAI_API_KEY",
    valueFrom: { secretKeyRef: { name: "openai-api-key", key: "value" } },
  });
  // Only a real run knows the Secret's revision; pods without a secret have no such annotation.
  const annotations = ["spec", "template", "metadata", "annotations", "linly-mesh/secrets"] as const;
  expect(at(deployment, ...annotations)).toBe("[unknown]");
  expect(at(stepTitled(known, "Deployment linly/tts-service-v1").inputs, ...annotations)).toBeUndefined();
  expect(at(stepTitled(known, "Secret linly/openai-api-key").inputs, "stringData")).toEqual({ value: "[secret]" });
  expect(JSON.stringify(known)).not.toContain(text);
  expect(JSON.stringify(known)).not.toContain(Buffer.from(text).toString("base64"));
});

test("a secret that could not be decrypted stays unknown", () => {
  expect(at(stepTitled(unknown, "Secret linly/openai-api-key").inputs, "stringData")).toEqual({ value: "[unknown]" });
  expect(JSON.stringify(unknown)).not.toContain(unknownValue);
});

test("the program itself refuses a reference to a secret that is not there", async () => {
  await expect(planOf(withSecret(text, "openai-apikey"))).rejects.toThrow(
    /"openai-api-key" is not in linly-mesh:secrets: did you mean "openai-apikey"\?/,
  );
});
