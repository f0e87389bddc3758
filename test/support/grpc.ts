import { Client, credentials, Metadata, status, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { z } from "zod";

/** Calls of gRPC to a simulated stage, whose messages are JSON. */

/** Methods of the simulator in the place of an engine that speaks gRPC: `infer` is that engine's own, and may be repeated. */
export const methods = {
  generate: "/linly.v1.Stage/Generate",
  talk: "/linly.v1.Stage/Talk",
  infer: "/inference.GRPCInferenceService/ModelInfer",
} as const;

/** Longer than anything takes that is answered at all. Milliseconds. */
const patience = 60_000;

const visit = z.object({ stage: z.string(), version: z.string(), pod: z.string() });
const answer = z.object({ event: z.literal("answer"), data: visit.extend({ path: z.array(visit) }) });

/** How a call with one answer ended: who answered, or the name of its status. */
export type Told = z.output<typeof answer>["data"] | string;

/** A client that tries nothing again, and has one connection. */
export class GrpcClient {
  readonly #client: Client;

  /** @param target host and port */
  constructor(target: string) {
    const options = { "grpc.enable_retries": 0, "grpc.use_local_subchannel_pool": 1 };
    this.#client = new Client(target, credentials.createInsecure(), options);
  }

  close(): void {
    this.#client.close();
  }

  /** A call with one answer. */
  ask(method: string, message: unknown = {}): Promise<Told> {
    const { promise, resolve, reject } = Promise.withResolvers<Told>();
    const options = { deadline: Date.now() + patience };
    const ended = (error: ServiceError | null, value?: unknown) => {
      if (error !== null) return resolve(status[error.code] ?? `${error.code}`);
      const read = answer.safeParse(value);
      if (read.success) resolve(read.data.data);
      else reject(read.error);
    };
    this.#client.makeUnaryRequest(method, encoded, decoded, message, new Metadata(), options, ended);
    return promise;
  }

  /** A call whose answer is a stream, once that begins; an answer that does not begin is an error with its status. */
  async stream(
    plan: { readonly events: number; readonly interval: string },
    method: string = methods.talk,
  ): Promise<ClientReadableStream<unknown>> {
    const call = this.#client.makeServerStreamRequest(method, encoded, decoded, plan);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    call.once("metadata", () => resolve(undefined));
    call.once("error", reject);
    await promise;
    return call;
  }
}

function encoded(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message));
}

function decoded(message: Buffer): unknown {
  return JSON.parse(message.toString("utf8"));
}
