import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { messageOf } from "../errors.ts";
import { toJsonObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { empty, engine, EngineService, resource, ResourceMonitorService, struct } from "./proto.ts";
import type { IEngineServer, IResourceMonitorServer, RegisterResourceRequest } from "./proto.ts";
import { registrationOf, unsupportedOptions } from "./registration.ts";
import type { Registration } from "./registration.ts";
import type { Severity } from "../report.ts";
import { makeUrn } from "./urn.ts";

/** What the program reads of a resource that is not its own. */
export interface Read {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly provider: string;
}

/** What becomes of the program's requests. A request whose promise never settles keeps the program waiting. */
export interface Handler {
  register(registration: Registration, unsupported: string[]): Promise<{ id: string; outputs: JsonObject }>;
  read(read: Read): Promise<JsonObject>;
  outputs(urn: string, outputs: JsonObject): void;
  log(severity: Severity, text: string, urn: string): void;
  /** Anything the engine does not implement, said so that its reader knows what to change. */
  refuse(reason: string): Promise<never>;
  /** The program has run to its end: everything it wants has been asked for. */
  finished(): void;
}

export interface Host {
  readonly address: string;
  stop(): void;
}

const maxMessage = 400 * 1024 * 1024;

/** Serves the SDK's ResourceMonitor and Engine services on the loopback interface. */
export async function startHost(stack: string, project: string, handler: Handler): Promise<Host> {
  const server = new Server({ "grpc.max_receive_message_length": maxMessage });
  server.addService(ResourceMonitorService, monitor(stack, project, handler));
  server.addService(EngineService, engineService(handler));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

/* Features we announce and then refuse are announced so that the refusal is ours: the SDK would blame the Pulumi CLI. */
const features = (() => {
  const known = resource.ResourceMonitorFeature;
  return [
    known.RESOURCE_MONITOR_FEATURE_SECRETS,
    known.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    known.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
    known.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    known.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    known.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    known.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    known.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    known.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    known.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    known.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
  ];
})();

function monitor(stack: string, project: string, handler: Handler): IResourceMonitorServer {
  const refuse = (what: string) => handler.refuse(`${what} is not implemented`);
  return {
    getDeploymentInfo: unary(async () => {
      const info = new resource.DeploymentInfo();
      info.setSupportedfeaturesList(features);
      return info;
    }),
    supportsFeature: unary(async (request: { getId(): string }) => {
      const answer = new resource.SupportsFeatureResponse();
      answer.setHassupport(request.getId() === "secrets");
      return answer;
    }),
    registerResource: unary(async (request: RegisterResourceRequest) => {
      const urn = makeUrn(stack, project, request.getType(), request.getName(), request.getParent());
      const { id, outputs } = await handler.register(registrationOf(request, urn), unsupportedOptions(request));
      const answer = new resource.RegisterResourceResponse();
      answer.setUrn(urn);
      answer.setId(id);
      answer.setObject(struct.Struct.fromJavaScript(outputs));
      return answer;
    }),
    registerResourceOutputs: unary(async (request) => {
      handler.outputs(request.getUrn(), toJsonObject(request.getOutputs()?.toJavaScript() ?? {}));
      return new empty.Empty();
    }),
    readResource: unary(async (request) => {
      const [type, name] = [request.getType(), request.getName()];
      const urn = makeUrn(stack, project, type, name, request.getParent());
      const outputs = await handler.read({ urn, type, name, id: request.getId(), provider: request.getProvider() });
      const answer = new resource.ReadResourceResponse();
      answer.setUrn(urn);
      answer.setProperties(struct.Struct.fromJavaScript(outputs));
      return answer;
    }),
    existsResource: unary((request) => refuse(`asking whether a ${request.getType()} exists`)),
    invoke: unary((request) => refuse(`the function ${request.getTok()}`)),
    call: unary((request) => refuse(`the method ${request.getTok()}`)),
    registerStackTransform: unary(() => refuse("a transform of the whole stack")),
    registerStackInvokeTransform: unary(() => refuse("a transform of functions")),
    registerResourceHook: unary((request) => refuse(`the resource hook ${request.getName()}`)),
    registerErrorHook: unary((request) => refuse(`the error hook ${request.getName()}`)),
    registerPackage: unary((request) => refuse(`the package ${request.getName()}, which is made from a parameter,`)),
    signalAndWaitForShutdown: unary(async () => {
      handler.finished();
      return new empty.Empty();
    }),
  };
}

function engineService(handler: Handler): IEngineServer {
  let root = "";
  return {
    log: unary(async (request) => {
      const severity = severities[request.getSeverity()];
      if (severity !== undefined) handler.log(severity, request.getMessage(), request.getUrn());
      return new empty.Empty();
    }),
    getRootResource: unary(async () => {
      const answer = new engine.GetRootResourceResponse();
      answer.setUrn(root);
      return answer;
    }),
    setRootResource: unary(async (request) => {
      root = request.getUrn();
      return new engine.SetRootResourceResponse();
    }),
    startDebugging: unary(async () => new empty.Empty()),
    requirePulumiVersion: unary(async () => new engine.RequirePulumiVersionResponse()),
  };
}

/* The SDK's own debugging, severity 0, tells every value in clear: it goes no further. */
const severities: Record<0 | 1 | 2 | 3, Severity | undefined> = { 0: undefined, 1: "info", 2: "warning", 3: "error" };

function unary<Request, Answer>(handle: (request: Request) => Promise<Answer>): handleUnaryCall<Request, Answer> {
  return (call, callback) => {
    const answer = async () => {
      try {
        callback(null, await handle(call.request));
      } catch (error) {
        callback({ code: status.UNKNOWN, details: messageOf(error) });
      }
    };
    void answer();
  };
}
