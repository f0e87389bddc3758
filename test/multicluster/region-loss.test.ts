import { afterAll, beforeAll, expect, test } from "vitest";
import { failuresOf, visitsOf, type Result, type Target } from "../../cli/demo/load.ts";
import { istioNamespace } from "../../components/istio/values.ts";
import { stopHosts } from "../../lab/lab.ts";
import { multiclusterLab } from "../../lab/spec.ts";
import { changeStage } from "../support/exec.ts";
import { kubectl } from "../support/kubectl.ts";
import { applied, startedLab } from "../support/lab.ts";
import { longTest } from "../support/long.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { expectHomeAgain, failuresByCaller, patient, stages, type StageOfTest } from "../support/region-checks.ts";
import {
  meshOfRegions,
  namespace,
  regionsOf,
  twoRegions,
  usersOf,
  Whereabouts,
  type Region,
} from "../support/regions.ts";
import { stackWith } from "../support/stack.ts";

/** Requests that each region's users have under way. */
const concurrency = 4;
/** The fifth error in a row puts a replica out: at first for so many seconds, the second time for twice as many, and so on. */
const consecutive = 5;
const baseEjection = 15;

/** What a caller at most loses by a replica that fails, each time that it is asked: what puts it out, and what is under way then. */
const lostByOneCaller = consecutive + concurrency - 1;

/** How often a replica is asked at most that fails for so many seconds. */
function timesAsked(seconds: number): number {
  let times = 1;
  for (let out = baseEjection; out <= seconds; out += (times + 1) * baseEjection) times += 1;
  return times;
}

describeOnLab("a region that loses", () => {
  let north: Region;
  let east: Region;
  const whereabouts = new Whereabouts();

  beforeAll(async () => {
    ({ north, east } = await meshOfRegions());
    await whereabouts.learn(north, east);
    await expectHomeAgain({ north, east }, 100);
  });

  afterAll(async () => {
    // Whatever failed, each machine is there for who comes next.
    await startedLab(multiclusterLab);
  });

  /** Kills what a region has of a stage, at once and without a word. */
  async function lose(region: Region, deployment: string, app: string): Promise<void> {
    await region.scale(deployment, 0);
    const args = ["delete", "pods", "--selector", `app=${app}`, "--grace-period=0", "--force"];
    await kubectl(region.kubeconfig, ["--namespace", namespace, ...args]);
  }

  async function behave(region: Region, stage: StageOfTest, change: Record<string, unknown>): Promise<void> {
    for (const { name } of await region.podsOf(`${stage}-service`)) {
      const container = { kubeconfig: region.kubeconfig, namespace, pod: name, container: stage };
      await changeStage(container, stages[stage], change);
    }
  }

  /** Where the last requests of a region's users were worked on by a stage. */
  async function servedBy(region: Region, stage: StageOfTest, count = 40) {
    await whereabouts.learn(north, east);
    const results = await region.sent(count, { concurrency });
    return { failures: failuresOf(results), ...whereabouts.count(visitsOf(results, stage)) };
  }

  async function expectHome(region: Region, stage: StageOfTest): Promise<void> {
    await expect.poll(() => servedBy(region, stage), patient).toMatchObject({ failures: [], [region.name]: 40 });
  }

  test.each<[string, Partial<Target>, number]>([
    // Requests that may be sent twice, which the gateway does: none is lost.
    ["retryable", { method: "GET", url: "/voices" }, 0],
    // Those that generate: what was under way may be lost, and what meets a door that has just closed.
    ["generating", { method: "POST" }, lostByOneCaller],
  ])(
    "its entry stage under %s requests serves them elsewhere, and at home once it is back",
    async (_, target, most) => {
      const { url: path, ...rest } = target;
      const traffic = await usersOf(east, { ...rest, concurrency, ...(path && { url: await east.url(path) }) });
      await expect.poll(() => traffic.sent, patient).toBeGreaterThan(50);
      await lose(east, "asr-service-v1", "asr-service");
      const atLoss = traffic.sent;
      await expect.poll(() => traffic.sent, patient).toBeGreaterThan(atLoss + 100);
      expect(await servedBy(east, "asr")).toMatchObject({ failures: [], north: 40, east: 0 });
      await east.scale("asr-service-v1", 1);
      await east.rolledOut("asr-service-v1");
      await expectHome(east, "asr");
      const failures = failuresOf(await traffic.end());
      expect(failures.length, failures.join("\n")).toBeLessThanOrEqual(most);
    },
  );

  test("a stage within loses no more than one that fails", async () => {
    const traffic = [await usersOf(east, { concurrency }), await usersOf(north, { concurrency })] as const;
    await expect.poll(() => traffic[0].sent, patient).toBeGreaterThan(50);
    await lose(east, "llm-service-v1-stable", "llm-service");
    const atLoss = traffic[0].sent;
    await expect.poll(() => traffic[0].sent, patient).toBeGreaterThan(atLoss + 100);
    expect(await servedBy(east, "llm")).toMatchObject({ failures: [], north: 40, east: 0 });
    await east.scale("llm-service-v1-stable", 1);
    await east.rolledOut("llm-service-v1-stable");
    await expectHome(east, "llm");
    const [lost, other] = await Promise.all(traffic.map((users) => users.end()));
    expect(failuresOf(lost ?? []).length).toBeLessThanOrEqual(lostByOneCaller);
    expect(failuresOf(other ?? [])).toEqual([]);
  });

  test("a stage that fails is left alone for as long as it is put out, and asked again when it is well", async () => {
    const failing = async (): Promise<Result[]> => {
      await behave(east, "llm", { errorRate: 1, errorStatus: 503 });
      return east.sent(100, { concurrency });
    };
    try {
      const results = await failing();
      // As many as it takes to be put out, those beside them, and one for each time that it is tried again.
      expect(failuresOf(results).length).toBeLessThanOrEqual(consecutive + concurrency + 2);
      expect(failuresOf(results).length).toBeGreaterThanOrEqual(1);
      expect(failuresOf(results.slice(-50))).toEqual([]);
      expect(await servedBy(east, "llm")).toMatchObject({ failures: [], north: 40 });
    } finally {
      await behave(east, "llm", { errorRate: 0 });
    }
    const healed = Date.now();
    await expectHome(east, "llm");
    console.log(
      `at home ${((Date.now() - healed) / 1000).toFixed(1)} s after it was well; the shortest ejection is 15 s`,
    );
  });

  test("the control: without outlier detection the failing region keeps its users", async () => {
    const rule = ["--namespace", namespace, "destinationrule", "llm-service-v1-stable"];
    const path = "/spec/subsets/0/trafficPolicy/outlierDetection";
    const patched = (change: object) =>
      kubectl(north.kubeconfig, ["patch", ...rule, "--type=json", "--patch", JSON.stringify([{ ...change, path }])]);
    const outlierDetection = "jsonpath={.spec.subsets[0].trafficPolicy.outlierDetection}";
    const value: unknown = JSON.parse(await kubectl(north.kubeconfig, ["get", ...rule, "--output", outlierDetection]));
    await patched({ op: "remove" });
    try {
      await behave(east, "llm", { errorRate: 1, errorStatus: 503 });
      await expect
        .poll(async () => failuresOf(await east.sent(40, { concurrency })).length, patient)
        .toBeGreaterThan(10);
    } finally {
      await behave(east, "llm", { errorRate: 0 });
      await patched({ op: "add", value });
    }
    await expectHome(east, "llm");
  });

  longTest(
    "its API server while its istiod begins anew loses no more than a failing stage does; all is known again when it is back",
    async () => {
      const traffic = [await usersOf(east, { concurrency }), await usersOf(north, { concurrency })];
      await expect.poll(() => traffic.every(({ sent }) => sent > 50), patient).toBe(true);
      const away = Date.now();
      await stopHosts(multiclusterLab.name, "east", "control-plane");
      await north.restarted("istiod", istioNamespace);
      const begun = traffic.map(({ sent }) => sent);
      await expect.poll(() => traffic.every(({ sent }, index) => sent > (begun[index] ?? 0) + 100), patient).toBe(true);
      await startedLab(multiclusterLab);
      const asked = timesAsked((Date.now() - away) / 1000);
      const results = await Promise.all(traffic.map((users) => users.end()));
      // An istiod that has not seen the east takes its pods for none: they close their doors, their callers are told to go to
      // the north. Those who are told later meet closed doors until they put them out.
      for (const each of results) {
        for (const [caller, failures] of failuresByCaller(each)) {
          console.log(`by ${caller}: ${failures.length} of ${each.length}`);
          expect(failures.length, failures.join("\n")).toBeLessThanOrEqual(asked * lostByOneCaller + concurrency);
        }
      }
      // What the east is told again, it does: its users go to the north for a stage that it gives up.
      await east.scale("tts-service-v1", 0);
      await expect.poll(async () => (await servedBy(east, "tts")).north, patient).toBe(40);
      await east.scale("tts-service-v1", 1);
      await east.rolledOut("tts-service-v1");
      await expectHome(east, "tts");
    },
  );

  test("a machine that falls silent loses no more than a failing stage does, each time that it is asked", async () => {
    const timeout = 90_000;
    const traffic = [await usersOf(east, { concurrency, timeout }), await usersOf(north, { concurrency, timeout })];
    await expect.poll(() => traffic.every(({ sent }) => sent > 50), patient).toBe(true);
    // Everything of the east but its entry stage: what calls there goes on to hang.
    await stopHosts(multiclusterLab.name, "east", "gpu-1");
    const silent = Date.now();
    const atLoss = traffic[0]?.sent ?? 0;
    await expect.poll(() => traffic[0]?.sent, patient).toBeGreaterThan(atLoss + 200);
    // While it is out, or for good once Kubernetes has noticed.
    await expect.poll(() => servedBy(east, "llm"), patient).toMatchObject({ failures: [], north: 40, east: 0 });
    const asked = timesAsked((Date.now() - silent) / 1000);
    const [lost = [], other] = (await Promise.all(traffic.map((users) => users.end()))).map(failuresOf);
    console.log(`${lost.length} requests of ${concurrency} users failed, of a replica asked ${asked} times at most`);
    expect(lost.length, lost.join("\n")).toBeLessThanOrEqual(asked * lostByOneCaller);
    expect(other).toEqual([]);
  });

  // One after the other, so that all of it comes back at once.
  test("the rest of it as well, nobody elsewhere; its users enter elsewhere, and are home again when all is back", async () => {
    const traffic = await usersOf(north, { concurrency });
    await expect.poll(() => traffic.sent, patient).toBeGreaterThan(50);
    await stopHosts(multiclusterLab.name, "east");
    // Users of the east, as their names now lead them.
    const moved = await north.sent(200, { concurrency });
    expect(failuresOf(moved)).toEqual([]);
    const atReturn = traffic.sent;
    await startedLab(multiclusterLab);
    await expect.poll(() => traffic.sent, patient).toBeGreaterThan(atReturn);
    const { east: back } = regionsOf(await startedLab(multiclusterLab));
    await expect.poll(async () => ready(back), patient).toBe(true);
    await expect
      .poll(async () => failuresOf(await back.sent(40, { concurrency, timeout: 5000 })).length, patient)
      .toBe(0);
    await expectHome(back, "llm");
    expect(failuresOf(await traffic.end())).toEqual([]);
    const { steps } = await applied(stackWith(twoRegions));
    expect(steps.filter(({ outcome }) => outcome === "failed" || outcome === "create")).toEqual([]);
  });

  longTest("a remote whose primary is lost serves its users alone, and no new pod", async () => {
    const traffic = await usersOf(east, { concurrency });
    await expect.poll(() => traffic.sent, patient).toBeGreaterThan(50);
    await stopHosts(multiclusterLab.name, "north");
    const atLoss = traffic.sent;
    await expect.poll(() => traffic.sent, patient).toBeGreaterThan(atLoss + 300);
    await startedLab(multiclusterLab);
    const results = await traffic.end();
    expect(failuresOf(results)).toEqual([]);
    await expect.poll(async () => ready(north), patient).toBe(true);
    await expect
      .poll(async () => failuresOf(await north.sent(40, { concurrency, timeout: 5000 })).length, patient)
      .toBe(0);
    await expectHomeAgain({ north, east }, 100);
  });

  /** Whether every pod that a region ought to have is there and ready. */
  async function ready({ kubeconfig }: Region): Promise<boolean> {
    const args = ["get", "deployments", "--all-namespaces", "--output", "json"];
    const wanted = ["--output", 'jsonpath={range .items[*]}{.spec.replicas} {.status.availableReplicas}{"\\n"}{end}'];
    const text = await kubectl(kubeconfig, [...args.slice(0, 3), ...wanted]).catch(() => "1 0");
    return text
      .trim()
      .split("\n")
      .every((line) => line.split(" ")[0] === line.split(" ")[1]);
  }
});
