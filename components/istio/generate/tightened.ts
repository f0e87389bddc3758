/** A type of `components/istio/scalars.ts`. */
export type ScalarName = "Duration" | "Percentage" | "PortProtocol" | "ConditionKey" | "FreeForm";

/** Fields that are narrower than their schema says, by the ends of their paths. Each must meet a field. */
export const tightened: readonly (readonly [end: string, scalar: ScalarName])[] = [
  // Durations that no rule of the schema tells of.
  ["connectionPool.tcp.idleTimeout", "Duration"],
  ["inboundConnectionPool.tcp.idleTimeout", "Duration"],
  ["retryBudget.budgetInterval", "Duration"],
  ["httpCookie.ttl", "Duration"],
  // Percentages without bounds.
  ["outlierDetection.maxEjectionPercent", "Percentage"],
  ["outlierDetection.minHealthPercent", "Percentage"],
  ["percentage.value", "Percentage"],
  ["mirrorPercentage.value", "Percentage"],
  // Protocols that are text in the schema. A tunnel's is another matter: CONNECT or POST.
  ["port.protocol", "PortProtocol"],
  ["ports[].protocol", "PortProtocol"],
  // What istiod's webhook checks and the schema does not.
  ["when[].key", "ConditionKey"],
];
