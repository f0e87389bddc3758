import { expect, test } from "vitest";
import { preview, type Program } from "../../engine/index.ts";
import { onItsOwn, type Runner } from "../../engine/program/run.ts";
import { stackWith, withWeights } from "../support/stack.ts";
import { warm } from "../support/warm/runner.ts";

/** The whole plan, or what is said of a program that has none. */
async function planBy(runner: Runner, program: Program): Promise<unknown> {
  try {
    return await preview(program, () => undefined, { runner });
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const program = stackWith("local");
const faulty = stackWith("local", (mesh) => withWeights(mesh, "tts", { v1: 7 }));

test("a process that stays plans what one for each program does, again and again, and after a program with faults", async () => {
  const alone = await planBy(onItsOwn, program);
  expect(alone).toMatchObject({ stack: "local", violations: [] });
  for (const run of [1, 2]) expect(await planBy(warm, program), `run ${run}`).toEqual(alone);
  expect(await planBy(warm, stackWith("dev"))).toMatchObject({ stack: "dev" });
  const fault = await planBy(warm, faulty);
  expect(fault).toContain("weight");
  expect(fault).toBe(await planBy(onItsOwn, faulty));
  expect(await planBy(warm, program)).toEqual(alone);
});
