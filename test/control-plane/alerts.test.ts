import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ruleGroups } from "../../components/observability/alerts.ts";
import { meshSchema, type UsersConfig } from "../../config/schema.ts";
import { users as usersSchema } from "../../config/schema/users.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { describeOnLab } from "../support/on-lab.ts";

type Source = "stage" | "istio";

/** What one node tells of tts every 15 s: 15 requests, all within 100 ms, or from the tenth minute on none of them. */
function node(source: Source, name: string, slow: boolean) {
  const origin = `stage="tts",node="${name}"`;
  const quick = slow ? "0+15x40 600+0x40" : "0+15x81";
  if (source === "stage")
    return [
      { series: `stage_request_duration_seconds_bucket{${origin},le="0.1"}`, values: quick },
      { series: `stage_request_duration_seconds_bucket{${origin},le="1"}`, values: "0+15x81" },
      { series: `stage_request_duration_seconds_bucket{${origin},le="+Inf"}`, values: "0+15x81" },
      { series: `stage_requests_total{${origin},code="200"}`, values: "0+15x81" },
    ];
  const told = `${origin},reporter="destination"`;
  return [
    { series: `istio_request_duration_milliseconds_bucket{${told},le="100"}`, values: quick },
    { series: `istio_request_duration_milliseconds_bucket{${told},le="1000"}`, values: "0+15x81" },
    { series: `istio_request_duration_milliseconds_bucket{${told},le="+Inf"}`, values: "0+15x81" },
    { series: `istio_requests_total{${told},response_code="200"}`, values: "0+15x81" },
  ];
}

function judged(eval_time: string, exp_alerts: readonly object[]) {
  return { eval_time, alertname: "StageLatencyRise", exp_alerts };
}

function fired(onNode: string) {
  return {
    exp_labels: { stage: "tts", node: onNode, severity: "warning" },
    exp_annotations: {
      summary: "P99 of tts rose by more than 300 % within 10m",
      description: `It is worst on node ${onNode}: 991ms.`,
    },
  };
}

describeOnLab("alerts, as Prometheus judges them", () => {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-alerts-"));
  let promtool: string;

  beforeAll(async () => {
    ({ promtool } = await ensureTools(console.log, ["promtool"]));
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Runs the rules of a stack over series that were written down, and compares what fires. */
  function promtoolTest(source: Source, series: readonly object[], alerts: readonly object[], users?: UsersConfig) {
    const telemetry = meshSchema.shape.telemetry.parse({ metrics: { source } });
    writeFileSync(join(dir, "rules.json"), JSON.stringify(ruleGroups(telemetry, users)));
    const one = { interval: "15s", input_series: series, alert_rule_test: alerts };
    const whole = { rule_files: ["rules.json"], evaluation_interval: "15s", tests: [one] };
    writeFileSync(join(dir, "test.json"), JSON.stringify(whole));
    const { status, stdout, stderr } = spawnSync(promtool, ["test", "rules", join(dir, "test.json")], {
      encoding: "utf8",
    });
    return { status, output: `${stdout}${stderr}` };
  }

  test.each<Source>(["stage", "istio"])(
    "by the metrics of %s: it fires after the rise and names the node",
    (source) => {
      const series = [...node(source, "gpu-1", true), ...node(source, "gpu-2", false)];
      const { status, output } = promtoolTest(source, series, [judged("9m", []), judged("20m", [fired("gpu-1")])]);
      expect(output).toContain("SUCCESS");
      expect(status).toBe(0);
    },
  );

  test.each<[string, readonly object[]]>([
    ["nothing rises", [...node("stage", "gpu-1", false), ...node("stage", "gpu-2", false)]],
    ["nothing is told", []],
    [
      "a shadow alone is slow",
      [
        ...node("stage", "gpu-1", true).map(({ series, ...rest }) => ({
          series: series.replace("{", '{shadow="true",'),
          ...rest,
        })),
        ...node("stage", "gpu-2", false),
      ],
    ],
    [
      "too few requests tell it",
      node("stage", "gpu-1", true).map(({ series, values }) => ({
        series,
        values: values.replaceAll("15x", "0x").replace("600", "3"),
      })),
    ],
  ])("it stays silent when %s", (_, series) => {
    const { status, output } = promtoolTest("stage", series, [judged("20m", [])]);
    expect(output).toContain("SUCCESS");
    expect(status).toBe(0);
  });

  test.each<[string, string, boolean]>([
    ["5xx", 'response_code="503"', true],
    ["UNAVAILABLE of gRPC", 'response_code="200",grpc_response_status="14"', true],
    ["NOT_FOUND of gRPC", 'response_code="200",grpc_response_status="5"', false],
    ["a caller that left", 'response_code="200",grpc_response_status="2",response_flags="DR"', false],
  ])("a tenth of answers of %s: that a stage fails is told: %s, %s", (_, status, fires) => {
    const origin = 'stage="pose",reporter="destination"';
    const series = [
      { series: `istio_requests_total{${origin},response_code="200"}`, values: "0+90x120" },
      { series: `istio_requests_total{${origin},${status}}`, values: "0+10x120" },
    ];
    const alert = {
      exp_labels: { stage: "pose", severity: "warning" },
      exp_annotations: {
        summary: "pose fails 10% of its requests",
        description: "More than 5 % of the answers of the last 5m have a 5xx status, or one of gRPC that says as much.",
      },
    };
    const expected = { eval_time: "25m", alertname: "StageErrors", exp_alerts: fires ? [alert] : [] };
    const { status: exit, output } = promtoolTest("istio", series, [expected]);
    expect(output).toContain("SUCCESS");
    expect(exit).toBe(0);
  });

  describe("the alerts on users' tokens", () => {
    const failed = "pilot_jwks_resolver_network_fetch_fail_total";
    const rejected = 'pilot_total_xds_rejects{type="lds"}';
    const denied = "envoy_http_jwt_authn_denied";
    const allowed = "envoy_http_jwt_authn_allowed";

    /** A counter, read every 15 s: absent for the first two minutes, or there from the beginning. */
    const late = (series: string, values: string) => ({ series, values: `_x8 ${values}` });
    const early = (series: string, values: string) => ({ series, values });

    test.each<[string, readonly object[], string[]]>([
      ["nothing is told", [], []],
      ["a whole round of tries failed, the first that there is", [late(failed, "9x16")], ["UserKeysNotFetched"]],
      ["a round failed on top of others", [early(failed, "20x8 29x16")], ["UserKeysNotFetched"]],
      ["one try failed, and the next did not", [late(failed, "1x16")], []],
      ["a listener was refused", [late(rejected, "1x16")], ["ListenersRejected"]],
      ["another kind was refused", [late('pilot_total_xds_rejects{type="rds"}', "1x16")], []],
      ["every token is refused", [late(denied, "40x16")], ["UserTokensRefused"]],
      ["more than half are", [early(denied, "0+2x24"), early(allowed, "5+1x24")], ["UserTokensRefused"]],
      ["less than half are", [early(denied, "0+2x24"), early(allowed, "5+3x24")], []],
      ["too few tell it", [late(denied, "19x16")], []],
    ])("%s", (_, series, names) => {
      const users = usersSchema.parse({
        issuers: [{ issuer: "i", audiences: ["a"], jwksUri: "https://id.example.com/keys" }],
      });
      const silent = ["UserKeysNotFetched", "ListenersRejected", "UserTokensRefused"].filter(
        (name) => !names.includes(name),
      );
      const quiet = silent.map((alertname) => ({ eval_time: "5m", alertname, exp_alerts: [] }));
      expect(promtoolTest("stage", series, quiet, users).output).toContain("SUCCESS");
      for (const alertname of names) {
        // What fires is told by the failure of a test that expects it not to.
        const { output } = promtoolTest("stage", series, [{ eval_time: "5m", alertname, exp_alerts: [] }], users);
        expect(output).toContain(`alertname: ${alertname}`);
        expect(output).toContain('severity="critical"');
      }
    });
  });

  test("the control: promtool tells when another node is expected", () => {
    const series = [...node("stage", "gpu-1", true), ...node("stage", "gpu-2", false)];
    const { status, output } = promtoolTest("stage", series, [judged("20m", [fired("gpu-2")])]);
    expect(output).toMatch(/FAILED/);
    expect(status).not.toBe(0);
  });
});
