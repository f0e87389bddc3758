import { Command } from "commander";
import { localLab, type LabState } from "../../lab/spec.ts";
import { endedBySignal } from "../interrupt.ts";
import { projectDir } from "../project.ts";
import { describeLab } from "../views/lab-status.ts";

/** Everything behind the lab takes its time to load, so only a command of the lab loads it. */
const loadLab = () => import("../../lab/lab.ts");

export function labCommand(): Command {
  const progress = (line: string) => console.log(line);
  const lab = new Command("lab").description("real clusters on this machine (Linux, root)");
  lab
    .command("up")
    .description("build what is missing and start the lab's cluster; safe to repeat")
    .action(async () => {
      console.log(describeLab(await startLab(progress)));
    });
  lab
    .command("status")
    .description("say which hosts and clusters of the lab are running")
    .action(async () => {
      const { labStatus } = await loadLab();
      const state = await labStatus(localLab.name);
      console.log(
        state === undefined ? "The lab is not running. Start it with: linly-mesh lab up" : describeLab(state),
      );
    });
  lab
    .command("down")
    .description("stop the lab and remove all it left on the machine but the cache of built tools")
    .action(async () => {
      const { labDown } = await loadLab();
      await endedBySignal("Run linly-mesh lab down again to remove the rest.", () => labDown(localLab.name, progress));
    });
  return lab;
}

/** Starts the lab of this project. */
export async function startLab(progress: (line: string) => void): Promise<LabState> {
  const { labUp } = await loadLab();
  return endedBySignal("linly-mesh lab up goes on from here; linly-mesh lab down removes what there is.", () =>
    labUp(localLab, { projectDir, progress }),
  );
}
