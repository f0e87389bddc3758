import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { eastWestNamespace } from "../../components/istio/values.ts";
import { stacksOf } from "../../cli/stack-file.ts";
import { render } from "../../engine/index.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { planOf, stackWith } from "../support/stack.ts";

const istioKinds = [
  "virtualservice",
  "destinationrule",
  "gateway",
  "sidecar",
  "peerauthentication",
  "telemetry",
  "envoyfilter",
];

describeOnLab("what the stacks render", () => {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-rendered-"));
  let kubeconfig: string;
  let tools: Awaited<ReturnType<typeof ensureTools>>;

  beforeAll(async () => {
    kubeconfig = (await localMesh()).lab.kubeconfig;
    tools = await ensureTools(console.log, ["kubectl", "istioctl", "helm"]);
    // Stacks of several clusters have a namespace that this one lacks.
    expect(run(tools.kubectl, ["--kubeconfig", kubeconfig, "create", "namespace", eastWestNamespace]).status).toBe(0);
  });

  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
    const gone = ["delete", "namespace", eastWestNamespace, "--ignore-not-found"];
    expect(run(tools.kubectl, ["--kubeconfig", kubeconfig, ...gone]).status).toBe(0);
  });

  async function istioFiles(stack: string): Promise<string[]> {
    const into = join(dir, stack);
    const { files } = await render(await planOf(stackWith(stack)), into, {});
    return files
      .map((file) => join(into, file))
      .filter((file) => istioKinds.includes(basename(file).split("-")[1] ?? ""));
  }

  function run(command: string, args: readonly string[]): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    return { status, output: `${stdout}${stderr}` };
  }

  test.each(stacksOf(projectDir))(
    "%s: every Istio object is accepted by the API server and istiod's webhook",
    async (stack) => {
      const files = await istioFiles(stack);
      expect(files.length).toBeGreaterThan(10);
      const { status, output } = run(tools.kubectl, [
        ...["--kubeconfig", kubeconfig, "apply", "--server-side", "--force-conflicts", "--dry-run=server"],
        ...files.flatMap((file) => ["-f", file]),
      ]);
      expect(status, output).toBe(0);
      expect(output.match(/serverside-applied/g)?.length).toBe(files.length);
    },
  );

  test("the control: a retryOn with a space in it passes the CRD and is refused by istiod's webhook", async () => {
    const [file] = (await istioFiles("local")).filter((path) => basename(path).includes("virtualservice"));
    if (file === undefined) throw new Error("no VirtualService was rendered");
    const service = parseDocument(readFileSync(file, "utf8"));
    service.setIn(["spec", "http", 0, "retries"], { attempts: 2, retryOn: "5xx, reset" });
    const wrong = service.toString();
    const { status, stderr } = spawnSync(
      tools.kubectl,
      ["--kubeconfig", kubeconfig, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"],
      { input: wrong, encoding: "utf8" },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/admission webhook "validation.istio.io" denied the request: .*retry/);
  });

  test.each(["linly", "istio-system", "istio-ingress"])(
    "istioctl analyze finds nothing in %s of the running local stack",
    (namespace) => {
      const { status, output } = run(tools.istioctl, [
        ...["analyze", "--kubeconfig", kubeconfig, "--namespace", namespace, "--failure-threshold", "Info"],
      ]);
      expect(output).toMatch(/No validation issues found/);
      expect(status).toBe(0);
    },
  );
});
