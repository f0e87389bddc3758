import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { hostVariable, labProcesses, labVariable } from "../../lab/hosts/processes.ts";

/** A shell that becomes another one, again and again: `while` would not change its program. */
const again = 'test "$1" -gt 0 && exec bash -c "$0" "$0" "$(($1 - 1))"';

test.runIf(process.platform === "linux")(
  "a process that is changing its program is seen in each look at the process table",
  async () => {
    const child = spawn("bash", ["-c", again, again, "20"], {
      env: { PATH: process.env["PATH"], [labVariable]: "of-a-test", [hostVariable]: "changing" },
    });
    const looks: boolean[] = [];
    const ended = once(child, "exit");
    await once(child, "spawn");
    while (child.exitCode === null) {
      const found = await labProcesses();
      looks.push(found.some(({ pid }) => pid === child.pid));
    }
    await ended;
    // It has ended before its end is told.
    const living = looks.slice(0, looks.lastIndexOf(true) + 1);
    expect(living.length).toBeGreaterThan(10);
    expect(living.filter((seen) => !seen)).toEqual([]);
  },
);
