import { Command } from "commander";
import type { LabSpec, LabState } from "../../lab/spec.ts";
import { endedBySignal } from "../interrupt.ts";
import { labOf, stackOfLab } from "../labs.ts";
import { projectDir } from "../project.ts";
import { describeLab } from "../views/lab-status.ts";

/** Everything behind the lab takes its time to load, so only a command of the lab loads it. */
const loadLab = () => import("../../lab/lab.ts");

const noLab = "There is no lab on this machine. Start one with: linly-mesh lab up";

export function labCommand(): Command {
  const progress = (line: string) => console.log(line);
  const lab = new Command("lab").description("real clusters on this machine (Linux, root)");
  lab
    .command("up")
    .description("build what is missing and start the clusters of a stack; safe to repeat")
    .argument("[stack]", "the stack whose clusters these are", "local")
    .action(async (stack: string) => {
      console.log(describeLab(await startLab(labOf(stack), progress)));
    });
  lab
    .command("status")
    .description("say which hosts and clusters of the lab are running")
    .action(async () => {
      const { labsHere, labStatus } = await loadLab();
      const states = await Promise.all(
        (await labsHere()).map(async (name) => ({ name, state: await labStatus(name) })),
      );
      for (const { name, state } of states) {
        console.log(
          state === undefined ? `Lab ${name}: remains of it; linly-mesh lab down removes them` : describeLab(state),
        );
      }
      if (states.length === 0) console.log(noLab);
    });
  lab
    .command("stop")
    .description("kill a cluster of the lab, or one of its hosts, as if it were lost; lab up brings it back")
    .argument("<cluster[/host]>", "such as east, east/gpu-1 or east/control-plane")
    .action(async (target: string) => {
      const { LabError, labsHere, stopHosts } = await loadLab();
      const [name] = await labsHere();
      if (name === undefined) throw new LabError(noLab);
      const [cluster = "", ...host] = target.split("/");
      const stopped = await stopHosts(name, cluster, host.length > 0 ? host.join("/") : undefined);
      console.log(`stopped: ${stopped.join(", ")}. Back with: linly-mesh lab up ${stackOfLab(name)}`);
    });
  lab
    .command("down")
    .description("stop the lab and remove all it left on the machine but the cache of built tools")
    .action(async () => {
      const { labDown, labsHere } = await loadLab();
      const names = await labsHere();
      if (names.length === 0) console.log("There is no lab on this machine.");
      for (const name of names) {
        await endedBySignal("Run linly-mesh lab down again to remove the rest.", () => labDown(name, progress));
      }
    });
  return lab;
}

/** Starts a lab of this project. */
export async function startLab(spec: LabSpec, progress: (line: string) => void): Promise<LabState> {
  const { labUp } = await loadLab();
  const command = `linly-mesh lab up ${stackOfLab(spec.name)}`;
  return endedBySignal(`${command} goes on from here; linly-mesh lab down removes what there is.`, () =>
    labUp(spec, { projectDir, progress }),
  );
}
