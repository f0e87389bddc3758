import { describe, expect, test } from "vitest";
import { heldBack, outsideHosts } from "../../components/security/egress.ts";
import { egressHosts } from "../../components/traffic/sidecar-scope.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { standing } from "../../services/standing.ts";
import { serviceOf } from "../support/service.ts";

const mesh = (egress: unknown, engine = "linly-tts") => ({
  mode: "chain",
  pipeline: ["tts"],
  clusters: [{ name: "c", network: "n", region: "r" }],
  istio: { charts: { folder: "charts" } },
  services: { tts: { engine, versions: [{ name: "v1", weight: 100, image: "x/tts:1" }], egress } },
});

const faults = (raw: unknown) => checkMesh(raw).faults.map(({ path, message }) => `${path}: ${message}`);

describe("services.<stage>.egress", () => {
  test("is empty by default: a stage calls nobody outside", () => {
    expect(parseMesh(mesh(undefined), "s").services.tts?.egress).toEqual([]);
  });

  test.each(["speech.platform.bing.com", "a.b", "x1.example.com", "xn--bcher-kva.example", "svc.example.com"])(
    "%s is a host",
    (host) => expect(parseMesh(mesh([host]), "s").services.tts?.egress).toEqual([host]),
  );

  test.each([
    "*",
    "*.example.com",
    "https://example.com",
    "example.com/path",
    "example.com:443",
    "203.0.113.1",
    "2001:db8::1",
    "localhost",
    "Example.com",
    "example.com.",
    "",
    "llm-service.linly.svc",
    "llm-service.linly.svc.cluster.local",
    `${"a".repeat(64)}.com`,
    443,
  ])("%s is none", (wrong) => {
    expect(faults(mesh([wrong]))).toEqual([
      `services.tts.egress[0]: ${JSON.stringify(wrong)} is not the name of one host outside the cluster such as "speech.example.com": no wildcard, address, port, path or Service`,
    ]);
  });

  test("a host that stands twice is a fault, and so is one that misses by a letter what the engine calls", () => {
    expect(faults(mesh(["a.example.com", "b.example.com", "a.example.com"]))).toEqual([
      'services.tts.egress[2]: "a.example.com" stands twice',
    ]);
    expect(faults(mesh(["speech.plattform.bing.com"]))).toEqual([
      'services.tts.egress[0]: "speech.plattform.bing.com" is not what linly-tts calls; did you mean "speech.platform.bing.com"?',
    ]);
    const right = "speech.platform.bing.com";
    expect(faults(mesh([right, "speech.plattform.bing.com"]))).toEqual([]);
    expect(faults(mesh(["speech.platform.azure.cn", "tts.platform.being.com"]))).toEqual([]);
    // The control: another engine calls nobody, and the host is the user's affair.
    expect(faults(mesh(["speech.plattform.bing.com"], "simulator"))).toEqual([]);
  });
});

describe("what becomes of it", () => {
  const planned = (name: "tts" | "llm", egress: string[]) => ({
    stage: standing(name),
    service: serviceOf({ egress }),
  });

  test("each host is known once, however many stages call it", () => {
    expect(
      outsideHosts([planned("tts", ["b.example.com", "a.example.com"]), planned("llm", ["a.example.com"])]),
    ).toEqual(["a.example.com", "b.example.com"]);
  });

  test("a sidecar's scope has the hosts of its own stage", () => {
    expect(egressHosts([], "linly", undefined, ["a.example.com"])).toEqual(["./a.example.com"]);
  });

  test("what an engine could call and may not is told", () => {
    expect(heldBack([planned("tts", []), planned("llm", [])])).toEqual([
      "tts: linly-tts calls speech.platform.bing.com for some of what it can do, and the mesh does not let it; where that is wanted, services.tts.egress names the host",
    ]);
    expect(heldBack([planned("tts", ["speech.platform.bing.com"])])).toEqual([]);
  });
});
