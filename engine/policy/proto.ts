/* The SDK's generated service of policy packs, as ES modules see it; see program/proto.ts. */
import analyzer from "@pulumi/pulumi/proto/analyzer_pb.js";

export { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
export type { AnalyzeDiagnostic, AnalyzerInfo, PolicyInfo } from "@pulumi/pulumi/proto/analyzer_pb.js";
export { analyzer };
