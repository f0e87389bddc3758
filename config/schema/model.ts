import { z } from "zod";
import { dnsLabel, dnsSubdomain, imageReference, memoryQuantity } from "../scalars.ts";
import { object } from "./object.ts";

/** Where a model lies that an engine reads from a volume. */
export const model = z.union(
  [
    object({ claim: dnsLabel().describe("Name of a PersistentVolumeClaim that is there already.") }),
    object({
      size: memoryQuantity.describe("Size of a PersistentVolumeClaim that the program makes."),
      storageClass: dnsSubdomain.optional().describe("Its StorageClass. Default: the cluster's."),
    }),
    object({ image: imageReference.describe("An OCI image whose files are the model.") }),
  ],
  {
    error:
      'is not a place of a model: { claim: name }, { size: "30Gi", storageClass: name } or { image: "registry.example.com/models/llm:1" }',
  },
);

export type ModelConfig = z.output<typeof model>;
