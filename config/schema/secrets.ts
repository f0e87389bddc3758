import { z } from "zod";
import { dnsLabel } from "../scalars.ts";

const text = { error: "is not a secret text" };

/** What a stack file says under `linly-mesh:secrets`, decrypted: texts by name. */
export const secretsSchema = z.record(dnsLabel(), z.string(text).min(1, { error: "is empty; a secret has a text" }));

export type Secrets = z.output<typeof secretsSchema>;
