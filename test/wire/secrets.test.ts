import { beforeAll, expect, test } from "vitest";
import { programOf, projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import type { Program } from "../../engine/index.ts";
import { applied, meshAsItIs } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { variableOfPod } from "../support/exec.ts";

describeOnLab("a secret of the stack file", () => {
  let kubeconfig: string;
  let view: ClusterView;

  beforeAll(async () => {
    ({ kubeconfig, view } = await meshAsItIs());
  });

  async function pod(app: string): Promise<string> {
    const found = (await view.pods("linly")).find((one) => one.app === app);
    if (found === undefined) throw new Error(`no pod of ${app}`);
    return found.name;
  }

  function keyOf(name: string): Promise<string> {
    return variableOfPod({ kubeconfig, namespace: "linly", pod: name, container: "face" }, "API_KEY");
  }

  test("is in the environment of the pod that names it, and a changed one replaces that pod alone", async () => {
    await applied(withSecret("first-of-its-kind"));
    const [face, asr] = [await pod("face-service"), await pod("asr-service")];
    expect(await keyOf(face)).toBe("first-of-its-kind");

    const { steps } = await applied(withSecret("second-of-its-kind"));
    expect(JSON.stringify(steps)).not.toContain("of-its-kind");
    const changed = steps.filter(({ outcome }) => !["same", "read", "register"].includes(outcome));
    expect(changed.map(({ title, outcome }) => `${title} ${outcome}`).sort()).toEqual([
      "Deployment linly/face-service-v1 update",
      "Secret linly/api-key update",
    ]);
    expect(await keyOf(await pod("face-service"))).toBe("second-of-its-kind");
    expect(await pod("asr-service")).toBe(asr);
  });
});

/** The local stack whose face stage is given a secret. */
function withSecret(text: string): Program {
  const file = readStackFile(projectDir, "local");
  const { face } = file.mesh.services;
  if (face === undefined) throw new Error("the local stack has no face");
  const versions = face.versions.map((version) => ({
    ...version,
    env: { ...version.env, API_KEY: { secret: "api-key" } },
  }));
  const mesh = { ...file.mesh, services: { ...file.mesh.services, face: { ...face, versions } } };
  return programOf({
    ...file,
    config: { "linly-mesh:mesh": JSON.stringify(mesh), "linly-mesh:secrets": JSON.stringify({ "api-key": text }) },
    secretKeys: ["linly-mesh:secrets"],
  });
}
