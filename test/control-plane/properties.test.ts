import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { programOf, projectDir } from "../../cli/project.ts";
import { parseMesh } from "../../config/parse.ts";
import { ingressCertificateName } from "../../components/security/ingress-certificate.ts";
import { ingressName } from "../../components/istio/values.ts";
import { preview, type JsonObject } from "../../engine/index.ts";
import { yamlOf } from "../../engine/render.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { startApiServer, type ApiServer } from "../support/api-server.ts";
import { localMesh } from "../support/lab.ts";
import { isLong } from "../support/long.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { validMesh } from "../support/mesh-arbitrary.ts";
import { at, isObject } from "../support/plan.ts";
import { selfSigned } from "../support/certificates.ts";

/** Meshes that are tried in one run, by day and by night. Each costs a run of the program and of istioctl. */
const count = isLong ? 24 : 4;

/** The same meshes in each run, so that a failure belongs to the change that is tested; another seed tries others. */
const seed = Number(process.env["LINLY_MESH_SEED"] ?? 20_261_124);

const meshes = fc.sample(validMesh, { numRuns: count, seed });

/** Namespaces that the lab's own stack has made. */
const standing = new Set(["istio-system", "istio-cni", "istio-ingress", "cert-manager", "observability", "linly"]);

describeOnLab(`whatever the schema accepts (LINLY_MESH_SEED=${seed})`, () => {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-properties-"));
  const made = new Set(standing);
  let server: ApiServer;
  let lab: string;
  let tools: Awaited<ReturnType<typeof ensureTools>>;

  beforeAll(async () => {
    lab = (await localMesh()).lab.kubeconfig;
    tools = await ensureTools(console.log, ["kubectl", "istioctl"]);
    server = await startApiServer();
    const crds = join(projectDir, ".lab", "charts", "base", "files", "crd-all.gen.yaml");
    succeeds(tools.kubectl, ["--kubeconfig", server.kubeconfig, "apply", "--server-side", "-f", crds]);
  });

  afterAll(async () => {
    for (const name of made)
      if (!standing.has(name)) run(tools.kubectl, ["--kubeconfig", lab, "delete", "namespace", name, "--wait=false"]);
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function run(command: string, args: readonly string[]) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    return { status, output: `${stdout}${stderr}` };
  }

  function succeeds(command: string, args: readonly string[]): string {
    const { status, output } = run(command, args);
    expect(status, output).toBe(0);
    return output;
  }

  function fileOf(name: string, objects: readonly JsonObject[]): string {
    const file = join(dir, name);
    writeFileSync(file, objects.map(yamlOf).join("---\n"));
    return file;
  }

  /** Every object of a mesh but those whose kinds are not there: the Prometheus operator's. */
  async function objectsOf(mesh: unknown, index: number): Promise<JsonObject[]> {
    const config = { "linly-mesh:mesh": JSON.stringify(mesh) };
    const file = { stack: "sample", path: "", mesh: parseMesh(mesh, "sample"), config, secretKeys: [], sealed: [] };
    // Whatever is accepted keeps to this project's own policies as well.
    const plan = await preview(programOf(file), () => {}, { policyPacks: [{ dir: join(projectDir, "policies") }] });
    expect(plan.steps.length, `mesh ${index}`).toBeGreaterThan(10);
    return (
      plan.steps
        // A namespace that is there already is only patched; here it is made of what the patch says.
        .filter(({ kind }) => kind === "object" || kind === "patch")
        .filter(({ inputs }) => !String(at(inputs, "apiVersion")).includes("coreos.com"))
        .map(({ inputs }) => inputs)
    );
  }

  /** What istioctl says of these objects, with the pods that they would start, on an API server of their own. */
  function analysisOf(objects: readonly JsonObject[]): string {
    const started = [...objects.flatMap(podsOf), ...gateway];
    const namespaces = fileOf("namespaces.yaml", objects.filter(isNamespace));
    // This server does not know cert-manager's kinds, and no claim of one mesh would make room for that of the next.
    const known = objects.filter(
      (object) =>
        !isNamespace(object) && !isOf(object, "cert-manager.io") && object["kind"] !== "PersistentVolumeClaim",
    );
    const rest = fileOf("rest.yaml", [...known, ...started]);
    const bare = ["--kubeconfig", server.kubeconfig];
    for (const file of [namespaces, rest])
      succeeds(tools.kubectl, ["apply", ...bare, "--server-side", "--force-conflicts", "-f", file]);
    try {
      return run(tools.istioctl, [
        ...["analyze", ...bare, "-A", "--failure-threshold", "Info"],
        // Kubernetes' own, which no program makes.
        ...["--suppress", "IST0102=Namespace default"],
      ]).output;
    } finally {
      succeeds(tools.kubectl, ["delete", ...bare, "--wait=false", "--ignore-not-found", "-f", rest]);
    }
  }

  test.each(meshes.map((mesh, index) => [index, mesh] as const))(
    "mesh %i: istiod's webhook accepts it and istioctl analyze finds nothing",
    async (index, mesh) => {
      const objects = await objectsOf(mesh, index);
      const istio = objects.filter((object) => isOf(object, "istio.io") || isOf(object, "cert-manager.io"));
      expect(istio.length).toBeGreaterThan(4);

      const namespaces = objects.filter(isNamespace);
      const rules = fileOf("istio.yaml", istio);
      const onLab = ["--kubeconfig", lab, "--server-side", "--force-conflicts", "--field-manager", "properties-test"];
      for (const name of namespaces.map((one) => String(at(one, "metadata", "name"))).filter((one) => !made.has(one))) {
        made.add(name);
        succeeds(tools.kubectl, ["--kubeconfig", lab, "create", "namespace", name]);
      }
      const accepted = succeeds(tools.kubectl, ["apply", ...onLab, "--dry-run=server", "-f", rules]);
      expect(accepted.match(/serverside-applied/g)?.length).toBe(istio.length);

      expect(analysisOf(objects)).toMatch(/No validation issues found/);
    },
  );

  test("the control: without its subsets a mesh is not clean", async () => {
    const objects = await objectsOf(meshes[0], 0);
    const without = objects.filter(({ kind }) => kind !== "DestinationRule");
    expect(analysisOf(without)).toMatch(/Error \[IST0101\].*VirtualService/);
  });
});

function isOf({ apiVersion }: JsonObject, group: string): boolean {
  return String(apiVersion).includes(group);
}

function isNamespace({ kind }: JsonObject): boolean {
  return kind === "Namespace";
}

const shown = selfSigned();

/** As much of what the gateway's chart would make as rules refer to. */
const gateway = [
  podOf(ingressName, "gateway", { istio: "ingress" }),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: ingressName, namespace: ingressName },
    spec: {
      selector: { istio: "ingress" },
      ports: [
        { name: "http2", port: 80, targetPort: 80 },
        { name: "https", port: 443, targetPort: 443 },
      ],
    },
  },
  // What cert-manager would put there.
  {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name: ingressCertificateName, namespace: ingressName },
    stringData: { "tls.key": shown.key, "tls.crt": shown.cert },
  },
];

/** The pod that a stage's Deployment would start, with its sidecar: rules that select none are findings. */
function podsOf(object: JsonObject): JsonObject[] {
  const labels = at(object, "spec", "template", "metadata", "labels");
  const [namespace, name] = [at(object, "metadata", "namespace"), at(object, "metadata", "name")];
  if (object["kind"] !== "Deployment" || namespace === "observability" || !isObject(labels)) return [];
  return [podOf(String(namespace), String(name), labels)];
}

function podOf(namespace: string, name: string, labels: JsonObject): JsonObject {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [{ name: "istio-proxy", image: "x:1", securityContext }],
    },
  };
}
