// Hands the terminal over to another Node process and ends as it ends.
import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs Node with arguments until it ends. Ctrl-C reaches the child by itself, as a member of the terminal's process
 * group; this process only stays until the child has finished what it must. Other requests to end are passed on.
 *
 * @param {string} node path of the Node to run
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} the child's exit code; 128 and the signal's number when a signal ended it
 */
export function handOver(node, args, env) {
  const child = spawn(node, args, { stdio: "inherit", env });
  process.on("SIGINT", () => {});
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
