import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";

test("Ctrl-C ends npm start only after what it runs has ended, with that one's exit code", async () => {
  const child = spawn(process.execPath, ["scripts/run.js", "test/command/fixtures/slow-end.ts"], {
    cwd: projectDir,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
    // A terminal sends the signal to the whole process group.
    if (child.pid !== undefined && output.endsWith("ready\n")) process.kill(-child.pid, "SIGINT");
  });
  const code = await new Promise((resolve) => {
    child.on("exit", resolve);
  });
  expect(output).toBe("ready\nended in order\n");
  expect(code).toBe(7);
});
