import { describe, expect, test } from "vitest";
import { inClusters } from "../../bench/cases.ts";
import { planOf, stackWith } from "../support/stack.ts";

describe("how the plan grows", () => {
  const resources = async (count: number, topology: "primary-remote" | "multi-primary") => {
    const plan = await planOf(stackWith("local-multicluster", (mesh) => inClusters(mesh, count, topology)));
    return plan.steps.length;
  };

  test("with remotes: each is as many resources more, whatever there is already", async () => {
    const [two, three, four] = [
      await resources(2, "primary-remote"),
      await resources(3, "primary-remote"),
      await resources(4, "primary-remote"),
    ];
    expect(four - three).toBe(three - two);
  });

  test("with control planes in each: as many each, and a remote secret for each pair of them", async () => {
    const secrets = (count: number) => count * (count - 1);
    // A Secret, and the component that it belongs to.
    const without = async (count: number) => (await resources(count, "multi-primary")) - 2 * secrets(count);
    const [two, three, four] = [await without(2), await without(3), await without(4)];
    expect(four - three).toBe(three - two);
  });
});
