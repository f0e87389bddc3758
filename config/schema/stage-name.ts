import { z } from "zod";
import { stageNames } from "../../services/catalogue.ts";
import { suggestion } from "../nearest.ts";

/** The name of a stage of the catalogue. */
export const stageName = z.enum(stageNames, {
  error: ({ input }) =>
    `is not a stage of the catalogue: ${suggestion(typeof input === "string" ? input : "", stageNames)}`,
});
