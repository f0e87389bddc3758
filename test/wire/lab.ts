import { startedLab } from "../support/lab.ts";
import { missingForLab } from "../support/requirements.ts";

/** Brings up the lab for all files of this layer, with images of what the project is now. */
export default async function setup(): Promise<void> {
  if (missingForLab() === undefined) await startedLab();
}
