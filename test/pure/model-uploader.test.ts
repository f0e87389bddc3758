import { describe, expect, test } from "vitest";
import { adminOnly } from "../../components/security/service-access.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { stageNames, stageOf } from "../../services/catalogue.ts";
import { engines } from "../../services/engines/index.ts";
import { standing } from "../../services/standing.ts";

const mesh = {
  mode: "chain",
  pipeline: ["llm"],
  clusters: [{ name: "c", network: "n", region: "r" }],
  istio: { charts: { folder: "charts" } },
  services: {
    llm: { engine: "simulator", versions: [{ name: "v1", weight: 100, image: "registry.example.com/x:1" }] },
  },
};

describe("what is the uploader's alone", () => {
  const changeModel = { paths: ["*_change_model", "*_change_model/"] };

  test.each([
    ["asr", [changeModel]],
    ["llm", [changeModel]],
    ["tts", [{ method: "POST", paths: ["/api/v1/models/upload", "/api/v1/models/upload/"] }, changeModel]],
    ["face", [changeModel]],
    ["webui", [changeModel]],
    ["emotion", [changeModel]],
    ["pose", [changeModel]],
  ] as const)("%s: the same, whichever engine stands there", (stage, expected) => {
    for (const engine of [...stageOf(stage).engines, "simulator"] as const) {
      expect(adminOnly(standing(stage, engine))).toEqual(expected);
    }
  });

  /** Whether a policy's path stands for this one. */
  const means = (pattern: string, path: string) =>
    pattern.startsWith("*") ? path.endsWith(pattern.slice(1)) : path === pattern;

  const routes = stageNames.flatMap((stage) =>
    stageOf(stage).engines.flatMap((engine) => engines[engine].routes.map((route) => ({ stage, ...route }))),
  );

  test.each(routes)("$stage, $method $path ($purpose)", ({ stage, method, path, purpose }) => {
    const isRefused = (asked: string) =>
      adminOnly(standing(stage)).some(
        (one) => (one.method ?? method) === method && one.paths.some((pattern) => means(pattern, asked)),
      );
    const bare = path.replace(/\/$/, "");
    const ways = bare === "" ? [path] : [bare, `${bare}/`];
    expect(ways.map(isRefused)).toEqual(ways.map(() => purpose === "admin"));
  });

  test("there are such routes", () => {
    const admin = routes.filter(({ purpose }) => purpose === "admin");
    expect(admin.map(({ path }) => path)).toContain("/api/v1/models/upload");
    expect(admin.length).toBeGreaterThanOrEqual(4);
  });
});

describe("in a stack file", () => {
  const faults = (change: object) =>
    checkMesh({ ...mesh, ...change }).faults.map(({ path, message }) => `${path}: ${message}`);
  const closed = (name: string) =>
    `modelUploader.namespace: "${name}" is the stages' own, where the network lets no other pod out; give the uploader another one`;
  const account = (name: string, whose: string) =>
    `modelUploader.serviceAccount: "${name}" is the account ${whose}; changing models takes one of its own`;

  test("the uploader is an account of its own by default", () => {
    expect(parseMesh(mesh, "s").modelUploader).toEqual({ namespace: "admin", serviceAccount: "model-uploader" });
    expect(parseMesh({ ...mesh, modelUploader: { namespace: "ml" } }, "s").modelUploader).toEqual({
      namespace: "ml",
      serviceAccount: "model-uploader",
    });
  });

  test.each<[string, object, string[]]>([
    ["that of a stage, elsewhere", { modelUploader: { serviceAccount: "tts-service" } }, []],
    [
      "one beside the stages, in a namespace of others",
      { namespaceExists: true, modelUploader: { namespace: "linly" } },
      [],
    ],
    [
      "one beside the stages, in a network without walls",
      { networkPolicies: false, modelUploader: { namespace: "linly" } },
      [],
    ],
    [
      "one beside the stages, where the network lets nobody else out",
      { modelUploader: { namespace: "linly" } },
      [closed("linly")],
    ],
    [
      "that of a stage",
      { modelUploader: { namespace: "linly", serviceAccount: "tts-service" } },
      [closed("linly"), account("tts-service", "of a stage")],
    ],
    [
      "that of a stage that may run later, where the stages are",
      { namespace: "talk", modelUploader: { namespace: "talk", serviceAccount: "webui-service" } },
      [closed("talk"), account("webui-service", "of a stage")],
    ],
    [
      "that of a shadow",
      { modelUploader: { namespace: "linly", serviceAccount: "llm-service-shadow" } },
      [closed("linly"), account("llm-service-shadow", "of a stage")],
    ],
    [
      "the gateway's",
      { modelUploader: { namespace: "istio-ingress", serviceAccount: "istio-ingress" } },
      [account("istio-ingress", "of the ingress gateway, and so of every user")],
    ],
    [
      "everybody's",
      { modelUploader: { serviceAccount: "default" } },
      [account("default", "of every pod that names none")],
    ],
    [
      "everybody's, where nobody has a sidecar",
      { modelUploader: { namespace: "observability", serviceAccount: "default" } },
      [
        'modelUploader.namespace: "observability" has no sidecars, and without one a pod has no identity to be let in by',
        account("default", "of every pod that names none"),
      ],
    ],
    [
      "no name, which is all that is said of it",
      { modelUploader: { namespace: "Admin", serviceAccount: 7 } },
      [
        expect.stringMatching(/^modelUploader\.namespace: "Admin" is not a name/),
        expect.stringMatching(/^modelUploader\.serviceAccount: 7 is not a name/),
      ],
    ],
    ["a key too many", { modelUploader: { account: "x" } }, [expect.stringMatching(/^modelUploader\.account: /)]],
  ])("an account: %s", (_, change, expected) => {
    expect(faults(change)).toEqual(expected);
  });

  test.each([
    [
      "istiod.meshConfig.pathNormalization",
      { istiod: { meshConfig: { pathNormalization: { normalization: "NONE" } } } },
    ],
    [
      "istiod.meshConfig.defaultConfig.connectionSettings.httpMergeSlashes",
      { istiod: { meshConfig: { defaultConfig: { connectionSettings: { httpMergeSlashes: false } } } } },
    ],
    ["gateway.serviceAccount.name", { gateway: { serviceAccount: { name: "x" } } }],
  ])("Helm values can't undo what policies rely on: %s", (path, values) => {
    const found = faults({ istio: { ...mesh.istio, values } });
    expect(found).toEqual([expect.stringContaining(`istio.values.${path}: is not for the stack file to set`)]);
  });
});
