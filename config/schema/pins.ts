import { z } from "zod";
import { stageName } from "./stage-name.ts";
import { headerName, time } from "../scalars.ts";
import { claimName, claimValue } from "./claims.ts";
import { freeHeader } from "./free-header.ts";
import { object } from "./object.ts";

const testers = object({
  header: freeHeader
    .default("x-linly-versions")
    .describe("Request header in which a tester names versions: `llm=v2-experiment,tts=v1`."),
  claim: object({
    name: claimName.describe("The claim."),
    value: claimValue.describe("What it holds, alone or in a list."),
  })
    .optional()
    .describe("What the token of a tester holds; of anyone else the header has no effect. Default: all are testers."),
});

const dialogues = object({
  stages: z
    .array(stageName)
    .min(1, { error: "is empty; it names the stages whose version a dialogue keeps" })
    .describe("The stages whose version a dialogue keeps."),
  cookie: headerName.default("linly-versions").describe("Name of the cookie that remembers the versions."),
  maxAge: time("a time", "1m", "8760h")
    .default("12h")
    .describe("How long after its last request a dialogue is remembered."),
});

/** Requests that do not go by weight. */
export const pins = object({
  testers: testers.optional().describe("Lets those who send the header choose versions. Default: nobody chooses."),
  dialogues: dialogues
    .optional()
    .describe("Keeps each dialogue on the versions of its first request. Default: each request goes by weight."),
});

export type PinsConfig = z.output<typeof pins>;
