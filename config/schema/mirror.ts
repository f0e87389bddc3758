import { z } from "zod";
import { dnsLabel } from "../scalars.ts";
import { object } from "./object.ts";

const title = "a percentage from 0.0001 to 100";
const error = `is not ${title}`;

/** Envoy counts in parts of a million: a smaller share would be none. */
const copied = z.number({ error }).min(0.0001, { error }).max(100, { error }).meta({ title });

/** A version that is tried with real requests before any caller depends on it. */
export const mirror = object({
  to: dnsLabel(30).describe("The shadow: a version of weight 0. It gets copies alone, and calls nobody."),
  percent: copied.describe(
    "Share of the service's requests that are copied, in percent; of those that tell a body of less than a megabyte.",
  ),
});

export type MirrorConfig = z.output<typeof mirror>;
