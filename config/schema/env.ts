import { z } from "zod";
import { dnsLabel } from "../scalars.ts";
import { object } from "./object.ts";

const name = z.string().regex(/^[A-Za-z_]\w*$/, { error: 'is not the name of a variable such as "MODEL"' });

const reference = object({ secret: dnsLabel().describe("Name of a secret of `linly-mesh:secrets`.") });

/** Environment of a container: texts, and references to secrets. */
export const env = z.record(
  name,
  z.union([z.string(), reference], { error: "is not a text or a reference such as { secret: openai-api-key }" }),
);
