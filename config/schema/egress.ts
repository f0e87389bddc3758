import { z } from "zod";
import { externalHost } from "../scalars.ts";

/** The hosts outside the cluster that a stage may call. */
export const egress = z.array(externalHost);
