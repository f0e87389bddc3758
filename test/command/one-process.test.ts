import { describe, expect, test } from "vitest";
import type { Plan, Program } from "../../engine/index.ts";
import { dryRun } from "../../engine/preview.ts";
import { inItsOwnProcess, type Runner } from "../../engine/program/run.ts";
import { stackWith } from "../support/stack.ts";
import { inOneProcess } from "../support/one-process/runner.ts";

const dir = new URL("fixtures/staying", import.meta.url).pathname;
const programThat = (how: string): Program => ({ dir, project: "p", stack: "s", config: { "p:how": how } });

async function planBy(runner: Runner, program: Program, signal?: AbortSignal): Promise<Plan> {
  const { plan } = await dryRun(program, () => undefined, { signal }, runner);
  return plan;
}

/** The plan, or what is said of a program that has none. */
async function outcomeBy(runner: Runner, program: Program): Promise<unknown> {
  try {
    return await planBy(runner, program);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const processOf = async () => (await planBy(inOneProcess, programThat("its process"))).outputs["pid"];

describe("a process that stays", () => {
  test.each(["local", "local-multicluster"])(
    "plans for %s what a process of its own does, again and again",
    async (stack) => {
      const alone = await planBy(inItsOwnProcess, stackWith(stack));
      expect(alone.steps.length).toBeGreaterThan(100);
      for (const run of [1, 2]) expect(await planBy(inOneProcess, stackWith(stack)), `run ${run}`).toEqual(alone);
    },
  );

  test.each([
    ["two faults", /^2 problems:\n  Error: another\n[^]*\n  Error: one\n/],
    ["a fault with its cause", /nothing works\n[^]*\[cause\]: Error: for a reason/],
    ["a fault that comes late", /^Error: late\n/],
    ["an output that never comes", /^the program ended with exit code 1 before it had finished$/],
  ])("tells of a program with %s what a process of its own does, and then another one stays", async (how, fault) => {
    const before = await processOf();
    const told = await outcomeBy(inOneProcess, programThat(how));
    expect(told).toEqual(await outcomeBy(inItsOwnProcess, programThat(how)));
    expect(told).toMatch(fault);
    expect(await processOf()).not.toBe(before);
  });

  test("waits for what comes late", async () => {
    const program = programThat("a resource that comes late");
    const { steps } = await planBy(inOneProcess, program);
    expect(steps.map(({ name }) => name)).toContain("late");
    expect(steps).toEqual((await planBy(inItsOwnProcess, program)).steps);
  });

  test("is the same for program after program; one that is stopped has another after it", async () => {
    const first = await processOf();
    expect(await processOf()).toBe(first);
    expect(first).not.toBe(process.pid);
    const stop = new AbortController();
    stop.abort();
    await expect(planBy(inOneProcess, programThat("its process"), stop.signal)).rejects.toThrow("interrupted");
    expect(await processOf()).toBe(first);
    process.kill(Number(first));
    // It may be told to run a program before its end is known here.
    const next = await outcomeBy(inOneProcess, programThat("its process"));
    expect(next).not.toMatchObject({ outputs: { pid: first } });
    expect(await processOf()).not.toBe(first);
  });
});
