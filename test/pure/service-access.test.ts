import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { allowSpec, denySpec, principalOf } from "../../components/security/access-specs.ts";
import { accessRules, type AccessRule, type Opening } from "../../components/security/service-access.ts";
import { parseMesh } from "../../config/parse.ts";
import { planPipeline } from "../../services/plan.ts";
import { standing } from "../../services/standing.ts";
import { validMesh } from "../support/mesh-arbitrary.ts";
import { shownMeshes, shownRequests, textOf } from "../support/pages.ts";

const version = { name: "v1", weight: 100, image: "registry.example.com/x:1" };
const simulated = { engine: "simulator", versions: [version] };

const chain = {
  mode: "chain",
  pipeline: ["asr", "llm", "tts", "face"],
  clusters: [{ name: "c", network: "n", region: "r" }],
  istio: { charts: { folder: "charts" } },
  services: { asr: simulated, llm: simulated, tts: simulated, face: simulated },
};
const orchestrated = {
  ...chain,
  mode: "orchestrated",
  entry: "webui",
  services: {
    webui: { versions: [version] },
    asr: { engine: "speaches", model: { claim: "m" }, versions: [version] },
    llm: { engine: "vllm", model: { claim: "m" }, versions: [version] },
    tts: { engine: "kokoro", versions: [version] },
    face: { engine: "linly-talker", model: { claim: "m" }, versions: [version] },
  },
};

function rulesOf(raw: unknown): AccessRule[] {
  const config = parseMesh(raw, "s");
  return accessRules({ config, pipeline: planPipeline(config) });
}

function told(opening: Opening): string {
  if ("connections" in opening) return "connections";
  if ("anyPathBut" in opening) return `any path but ${opening.anyPathBut.join(", ")}`;
  return opening.routes.map(({ method, path }) => `${method} ${path}`).join(", ");
}

/** `linly/asr-service → llm: POST /llm_response/` */
function table(raw: unknown): string[] {
  return rulesOf(raw).map(
    ({ who, stage, opening }) => `${who.namespace}/${who.serviceAccount} → ${stage.name}: ${told(opening)}`,
  );
}

const gateway = "istio-ingress/istio-ingress";
const uploader = "admin/model-uploader";
/** What the simulator has beside the routes of the engine that it stands for. */
const own = "GET /talk, GET /voices, POST /generate";

const chainTable = [
  `${gateway} → asr: POST /v1/audio/transcriptions, POST /v1/audio/translations, ${own}`,
  `linly/asr-service → llm: POST /llm_response/, ${own}`,
  `${uploader} → llm: POST /llm_change_model/`,
  `linly/llm-service → tts: POST /tts_response/, ${own}`,
  `${uploader} → tts: POST /tts_change_model/, POST /api/v1/models/upload`,
  `linly/tts-service → face: POST /talker_response/, ${own}`,
  `${uploader} → face: POST /talker_change_model/`,
];

const withService = (stage: keyof typeof chain.services, service: object) => ({
  ...chain,
  services: { ...chain.services, [stage]: { ...simulated, ...service } },
});

describe("who is let in to what", () => {
  test.each<[string, unknown, string[]]>([
    ["a chain", chain, chainTable],
    [
      "orchestrated: the page calls each stage, users any path of the page but where models change",
      orchestrated,
      [
        `${gateway} → webui: any path but *_change_model, *_change_model/`,
        "linly/webui-service → asr: POST /v1/audio/transcriptions, POST /v1/audio/translations",
        "linly/webui-service → llm: POST /v1/chat/completions, POST /v1/completions",
        "linly/webui-service → tts: POST /v1/audio/speech",
        "linly/webui-service → face: POST /talker_response/",
        `${uploader} → face: POST /talker_change_model/`,
      ],
    ],
    [
      "an entry that is part of its own pipeline calls the others and not itself",
      {
        ...chain,
        mode: "orchestrated",
        entry: "llm",
        pipeline: ["llm", "tts"],
        services: { llm: simulated, tts: simulated },
      },
      [
        `${gateway} → llm: POST /llm_response/, ${own}`,
        `${uploader} → llm: POST /llm_change_model/`,
        `linly/llm-service → tts: POST /tts_response/, ${own}`,
        `${uploader} → tts: POST /tts_change_model/, POST /api/v1/models/upload`,
      ],
    ],
    [
      "a stage alone: the gateway's",
      { ...chain, pipeline: ["emotion"], services: { emotion: simulated } },
      [`${gateway} → emotion: POST /predict, ${own}`],
    ],
    [
      "of a stage of TCP its callers have the connections",
      withService("face", { appProtocol: "tcp" }),
      [...chainTable.slice(0, 5), "linly/tts-service → face: connections", "admin/model-uploader → face: connections"],
    ],
    [
      "a shadow calls nobody",
      withService("llm", {
        versions: [version, { ...version, name: "v2", weight: 0 }],
        mirror: { to: "v2", percent: 5 },
      }),
      chainTable,
    ],
    [
      "an uploader elsewhere, stages elsewhere",
      { ...chain, namespace: "talk", modelUploader: { namespace: "ml", serviceAccount: "asr-service" } },
      chainTable.map((line) => line.replace(uploader, "ml/asr-service").replace("linly/", "talk/")),
    ],
    [
      "a route that the stack names is one that callers send, once, unless it changes a model",
      withService("llm", {
        retries: {
          idempotentRoutes: [
            { method: "POST", path: "/llm_response/" },
            { method: "POST", path: "/v1/embeddings" },
            { method: "PUT", path: "/llm_change_model" },
            { method: "POST", path: "/other_change_model/" },
          ],
        },
      }),
      chainTable.with(1, `linly/asr-service → llm: POST /llm_response/, ${own}, POST /v1/embeddings`),
    ],
  ])("%s", (_, mesh, expected) => {
    expect(table(mesh)).toEqual(expected);
  });
});

test.each(["local", "prod"])("docs/authorization.md has the table of %s", (stack) => {
  const opens = ({ opening }: AccessRule) => told(opening).replace(/[A-Z]+ \/[^,]+|\*_change_model\/?/g, "`$&`");
  const rows = rulesOf(readStackFile(projectDir, stack).mesh).map(
    (rule) => `| \`${rule.who.namespace}/${rule.who.serviceAccount}\` | ${rule.stage.name} | ${opens(rule)} |`,
  );
  const page = readFileSync(join(projectDir, "docs", "authorization.md"), "utf8").replace(/ +/g, " ");
  expect(page).toContain(rows.join("\n"));
});

describe("docs/first-up.md", () => {
  const rounds = textOf("docs/first-up.md")
    .split(/^(?=## )/m)
    .filter((section) => section.startsWith("## Round"));
  const [trial] = shownMeshes(rounds.join(""));

  /** What users may ask for at the gateway, by the stack that a round shows, or its part laid over the first one. */
  const openIn = (round: string) => {
    const rules = rulesOf(shownMeshes(round, trial).at(-1));
    const opening = rules.find(({ who }) => `${who.namespace}/${who.serviceAccount}` === gateway)?.opening;
    return opening !== undefined && "routes" in opening ? opening.routes : [];
  };

  test.each(rounds.map((round) => [round.split("\n", 1).join(), round]))(
    "what it asks for is let in: %s",
    (_, round) => {
      const asked = shownRequests(round);
      expect(asked.length).toBeGreaterThan(0);
      expect(openIn(round)).toEqual(expect.arrayContaining(asked));
    },
  );

  test("the control: a path that is no route of the stage would not be", () => {
    const asked = shownRequests("curl -s -X POST http://203.0.113.7/");
    expect(asked).toEqual([{ method: "POST", path: "/" }]);
    for (const round of rounds) expect(openIn(round)).not.toEqual(expect.arrayContaining(asked));
  });
});

describe("as Istio reads it", () => {
  const specOf = (raw: unknown, name: string, trustDomain = "cluster.local") => {
    const rules = rulesOf(raw).filter(({ stage }) => stage.name === name);
    const [first] = rules;
    if (first === undefined) throw new Error(`nobody is let in to ${name}`);
    return allowSpec(first.stage, rules, trustDomain);
  };
  const from = (...principals: string[]) => [{ source: { principals } }];

  test("one ALLOW a stage: a rule for each caller, an operation for each method", () => {
    expect(specOf(chain, "llm")).toEqual({
      selector: { matchLabels: { app: "llm-service" } },
      action: "ALLOW",
      rules: [
        {
          from: from("cluster.local/ns/linly/sa/asr-service"),
          to: [
            { operation: { ports: ["8002"], methods: ["POST"], paths: ["/llm_response/", "/generate"] } },
            { operation: { ports: ["8002"], methods: ["GET"], paths: ["/talk", "/voices"] } },
          ],
        },
        {
          from: from("cluster.local/ns/admin/sa/model-uploader"),
          to: [{ operation: { ports: ["8002"], methods: ["POST"], paths: ["/llm_change_model/"] } }],
        },
      ],
    });
  });

  test("orchestrated: pages by what they are not, stages by the paths of their engine's port", () => {
    expect(specOf(orchestrated, "webui").rules).toEqual([
      {
        from: from("cluster.local/ns/istio-ingress/sa/istio-ingress"),
        to: [{ operation: { ports: ["7860"], notPaths: ["*_change_model", "*_change_model/"] } }],
      },
    ]);
    expect(specOf(orchestrated, "tts", "mesh.example.com").rules).toEqual([
      {
        from: from("mesh.example.com/ns/linly/sa/webui-service"),
        to: [{ operation: { ports: ["8880"], methods: ["POST"], paths: ["/v1/audio/speech"] } }],
      },
    ]);
  });

  test("a stage of TCP: everybody who has the connections, and nothing that only HTTP has", () => {
    const principals = ["cluster.local/ns/linly/sa/tts-service", "cluster.local/ns/admin/sa/model-uploader"];
    expect(specOf(withService("face", { appProtocol: "tcp" }), "face").rules).toEqual([
      { from: from(...principals), to: [{ operation: { ports: ["8003"] } }] },
    ]);
  });

  test("the second wall refuses what the uploader alone may ask for, on the stage's port", () => {
    const who = { namespace: "ml", serviceAccount: "loader" };
    const notPrincipals = [principalOf("mesh.example.com", who)];
    const ports = ["8001"];
    expect(notPrincipals).toEqual(["mesh.example.com/ns/ml/sa/loader"]);
    expect(denySpec(standing("tts"), who, "mesh.example.com")).toEqual({
      selector: { matchLabels: { app: "tts-service" } },
      action: "DENY",
      rules: [
        {
          from: [{ source: { notPrincipals } }],
          to: [
            {
              operation: {
                ports,
                methods: ["POST"],
                paths: ["/api/v1/models/upload", "/api/v1/models/upload/"],
              },
            },
            { operation: { ports, paths: ["*_change_model", "*_change_model/"] } },
          ],
        },
      ],
    });
  });
});

test("in any mesh each stage lets somebody in, and where models change nobody but the uploader", () => {
  fc.assert(
    fc.property(validMesh, (raw) => {
      const config = parseMesh(raw, "s");
      const pipeline = planPipeline(config);
      const rules = accessRules({ config, pipeline });
      expect(new Set(rules.map(({ stage }) => stage.name))).toEqual(
        new Set(pipeline.services.map(({ stage }) => stage.name)),
      );
      for (const { who, stage, opening } of rules) {
        if (who === config.modelUploader || "connections" in opening) continue;
        if ("anyPathBut" in opening) {
          expect(opening.anyPathBut).toEqual(expect.arrayContaining(["*_change_model", "*_change_model/"]));
          continue;
        }
        const admin = stage.engine.routes.filter(({ purpose }) => purpose === "admin").map(({ path }) => path);
        for (const { path } of opening.routes) {
          expect(path).not.toMatch(/_change_model\/?$/);
          expect(admin).not.toContain(path);
        }
      }
    }),
    { numRuns: 100 },
  );
});
