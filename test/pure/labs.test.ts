import { describe, expect, test } from "vitest";
import { UsageError } from "../../cli/lab-guard.ts";
import { labOf, stackOfLab } from "../../cli/labs.ts";
import { processesOf } from "../../lab/hosts/cgroups.ts";
import { plansOf } from "../../lab/lifecycle.ts";
import { localLab, multiclusterLab } from "../../lab/spec.ts";

describe("the lab of a stack", () => {
  test.each([
    ["local", localLab],
    ["local-multicluster", multiclusterLab],
  ])("of %s, and back", (stack, lab) => {
    expect(labOf(stack)).toBe(lab);
    expect(stackOfLab(lab.name)).toBe(stack);
  });

  test.each(["prod", "", "toString", "multicluster"])("%j has none, and the error says which do", (stack) => {
    expect(() => labOf(stack)).toThrow(UsageError);
    expect(() => labOf(stack)).toThrow(
      `"${stack}" has no lab on this machine; these have one: local, local-multicluster`,
    );
  });
});

describe("the lab of two clusters", () => {
  const plans = plansOf(multiclusterLab);

  test("has two regions, each a network, with zones of its own", () => {
    const { clusters } = multiclusterLab;
    expect(clusters.map(({ name, region, network }) => [name, region, network])).toEqual([
      ["north", "cn-north", "north"],
      ["east", "cn-east", "east"],
    ]);
    expect(clusters.flatMap(({ nodes }) => nodes.map(({ zone }) => zone))).toEqual([
      "cn-north-a",
      "cn-north-b",
      "cn-east-a",
      "cn-east-b",
    ]);
  });

  test.each<[string, (plan: (typeof plans)[number]) => string[]]>([
    ["host", ({ controlPlane, nodes }) => [controlPlane.name, ...nodes.map(({ host }) => host.name)]],
    [
      "folder",
      ({ controlPlane, nodes, credentialsDir }) => [
        controlPlane.dir,
        credentialsDir,
        ...nodes.map(({ host }) => host.dir),
      ],
    ],
    ["port of the switch", ({ controlPlanePort, nodes }) => [controlPlanePort, ...nodes.map(({ port }) => port)]],
    ["cgroup", ({ nodes }) => nodes.map(({ cgroup }) => cgroup)],
    ["API server", ({ server }) => [server]],
    ["range of load balancers", ({ addresses }) => [addresses.loadBalancerCidr]],
  ])("shares no %s between them", (_, of) => {
    const all = plans.flatMap(of);
    expect(new Set(all).size).toBe(all.length);
  });
});

test.each([
  ["", [], false],
  ["12\n7\n", [12, 7], false],
  ["0\n12\n0\n", [12], true], // 0: of another PID namespace
])("processes of a cgroup: %j", (procs, own, hasForeign) => {
  expect(processesOf(procs)).toEqual({ own, hasForeign });
});
