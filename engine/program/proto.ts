/*
 * The SDK's generated gRPC services, as ES modules see them. The message modules fill their exports at run time, so Node
 * finds no named exports in them: they come in whole, and their types by name.
 */
import resource from "@pulumi/pulumi/proto/resource_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

export { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
export { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
export type { IResourceMonitorServer } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
export type { IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
export type { RegisterResourceRequest, ReadResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
export { resource, engine, struct, empty };
