import { connect, createServer, type Server } from "node:net";
import { codeOf, LabError } from "./errors.ts";

/** An abstract socket: the kernel frees the name with the process that holds it, so a lock can't be left behind. */
const addressOf = (what: string) => `\0linly-mesh:${what}`;

/** Does `work` while no other process holds the lock on `what`; waits for one that does. */
export async function exclusively<T>(
  doing: string,
  progress: (line: string) => void,
  work: () => Promise<T>,
  what = "lab",
): Promise<T> {
  const server = await acquire(addressOf(what), `${doing} (pid ${process.pid})`, progress);
  try {
    return await work();
  } finally {
    server.close();
  }
}

async function acquire(address: string, doing: string, progress: (line: string) => void): Promise<Server> {
  const end = Date.now() + 40 * 60_000;
  while (Date.now() < end) {
    const server = await tryToListen(address, doing);
    if (server !== undefined) return server;
    await untilReleased(address, (holder) => progress(`waiting for the end of ${holder}`));
  }
  throw new LabError("another lab command has been at work for over 40 minutes; end it and try again");
}

async function tryToListen(address: string, doing: string): Promise<Server | undefined> {
  const waiting = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on("error", () => undefined).on("close", () => waiting.delete(socket));
    socket.write(doing);
  });
  const close = server.close.bind(server);
  server.close = (done) => {
    close(done);
    for (const socket of waiting) socket.destroy();
    return server;
  };
  return await new Promise((resolve, reject) => {
    server.once("error", (error) => (codeOf(error) === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** The holder tells everyone who connects what it does, and hangs up when it is done. */
async function untilReleased(address: string, tell: (holder: string) => void): Promise<void> {
  const socket = connect(address);
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => tell(chunk.toString()));
  await new Promise((resolve) => socket.once("close", resolve));
}
