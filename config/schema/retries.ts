import { z } from "zod";
import { percent, wholeMilliseconds } from "../scalars.ts";
import { object } from "./object.ts";

/** Envoy's conditions that say something about a replica or the way to it. */
const conditions = [
  ...["gateway-error", "connect-failure", "refused-stream", "reset", "reset-before-request", "5xx", "retriable-4xx"],
  ...["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
] as const;

function whole(from: number, to: number) {
  const error = `is not a whole number from ${from} to ${to}`;
  return z.number({ error }).int({ error }).min(from, { error }).max(to, { error });
}

const idempotentRoute = object({
  method: z
    .enum(["POST", "PUT", "PATCH", "DELETE"], {
      error: "is not a method that needs to be declared: POST, PUT, PATCH, DELETE",
    })
    .describe("Its method. GET, HEAD and OPTIONS need no word."),
  path: z
    .string()
    .regex(/^\/[^?#\s*{}]*$/, { error: 'is not a path such as "/v1/embeddings"' })
    .describe("Its path, whole."),
});

const budget = object({
  percent: percent
    .default(50)
    .describe("Most retries under way, in percent of the requests under way: by default those of half the replicas."),
  minRetryConcurrency: whole(1, 1000).default(3).describe("Retries that may be under way however few requests are."),
});

/** Further tries where a stack says nothing of them. */
export const usualAttempts = 2;

/** What is tried again. Of a request that generates that is only what surely never reached a replica. */
export const retries = object({
  attempts: whole(0, 10)
    .default(usualAttempts)
    .describe("Further tries after the first one, so 2 makes three tries; 0 tries nothing again."),
  retryOn: z
    .array(z.enum(conditions, { error: `is not a condition: ${conditions.join(", ")}` }))
    .min(1, { error: "is empty; set attempts: 0 to try nothing again" })
    .default(["gateway-error", "connect-failure", "refused-stream"])
    .describe("Conditions under which an idempotent request is tried again."),
  perTryTimeout: wholeMilliseconds
    .optional()
    .describe("Longest time of one try of an idempotent request. Default: 2s, or less where the tries would not fit."),
  idempotentRoutes: z
    .array(idempotentRoute)
    .default([])
    .describe("Routes that may be sent twice, beside those of which the engine is known to take it."),
  budget: budget.prefault({}).describe("How many retries a caller has under way at a time."),
});

export type RetriesConfig = z.output<typeof retries>;
