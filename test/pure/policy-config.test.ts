import { describe, expect, test } from "vitest";
import { configure } from "../../engine/policy/config.ts";
import type { DescribedPolicy } from "../../engine/policy/config.ts";
import type { JsonObject } from "../../engine/index.ts";

describe("configuration of a pack", () => {
  const policies: DescribedPolicy[] = [
    { name: "plain", level: "mandatory", properties: {}, required: [] },
    {
      name: "choosy",
      level: "advisory",
      properties: { production: { enum: ["auto", true], default: "auto" }, owner: { type: "string" } },
      required: ["owner"],
    },
  ];
  const choosy = { owner: "us" };

  test.each<[string, JsonObject, [string, string, JsonObject][]]>([
    [
      "nothing but what is required",
      { choosy },
      [
        ["plain", "mandatory", {}],
        ["choosy", "advisory", { production: "auto", owner: "us" }],
      ],
    ],
    [
      "a level as text",
      { plain: "disabled", choosy },
      [
        ["plain", "disabled", {}],
        ["choosy", "advisory", { production: "auto", owner: "us" }],
      ],
    ],
    [
      "all, and one that differs",
      { all: "disabled", choosy: { ...choosy, enforcementLevel: "mandatory", production: true } },
      [
        ["plain", "disabled", {}],
        ["choosy", "mandatory", { production: true, owner: "us" }],
      ],
    ],
  ])("%s", (_, given, expected) => {
    const configured = [...configure("pack", policies, given)];
    expect(configured.map(([name, { level, properties }]) => [name, level, properties])).toEqual(expected);
  });

  test("every fault of it is named at once", () => {
    const given = { plian: "mandatory", plain: "hard", choosy: { production: 1, colour: "red" } };
    expect(() => configure("pack", policies, given)).toThrow(
      [
        "5 problems:",
        "  configuration of policy pack pack: plian is no policy of it; these are plain, choosy",
        '  configuration of policy pack pack: plain has the level "hard"; write one of advisory, mandatory, disabled, remediate',
        "  configuration of policy pack pack: choosy.owner is missing",
        '  configuration of policy pack pack: choosy.production is 1; write one of "auto", true',
        "  configuration of policy pack pack: choosy.colour is no property of it",
      ].join("\n"),
    );
  });
});
