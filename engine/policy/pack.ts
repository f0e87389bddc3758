import { credentials } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { resolve } from "node:path";
import { EngineError, messageOf } from "../errors.ts";
import { toJsonObject } from "../json.ts";
import { empty, struct } from "../program/proto.ts";
import type { Registration } from "../program/registration.ts";
import type { Program } from "../program/run.ts";
import { configure, levels } from "./config.ts";
import type { DescribedPolicy, Level, PolicyConfig } from "./config.ts";
import { requestFor, resourceFor } from "./messages.ts";
import type { Providers } from "./messages.ts";
import { startProcess } from "./process.ts";
import { analyzer, AnalyzerClient } from "./proto.ts";
import type { AnalyzeDiagnostic, AnalyzerInfo, PolicyInfo } from "./proto.ts";
import type { Violation } from "./violation.ts";

/** A policy pack and what it is run with. */
export interface PolicyPack {
  /** Its folder, with its package.json. */
  readonly dir: string;
  /** Default: the levels and values that the pack itself gives. */
  readonly config?: PolicyConfig;
}

/** A pack that is up: it judges what it is shown. */
export interface RunningPack {
  readonly policies: readonly DescribedPolicy[];
  /** By the policies that look at one resource. */
  analyze(registration: Registration, providers: Providers): Promise<Violation[]>;
  /** By the policies that look at a whole stack. */
  analyzeStack(registrations: readonly Registration[], providers: Providers): Promise<Violation[]>;
  stop(): void;
}

const maxMessage = 400 * 1024 * 1024;

/** Starts a pack and configures it. Messages of its violations are as the pack wrote them. */
export async function startPack(
  pack: PolicyPack,
  program: Program,
  dryRun: boolean,
  print: (line: string) => void,
): Promise<RunningPack> {
  const served = await startProcess(resolve(pack.dir), program, dryRun, print);
  const client = new AnalyzerClient(`127.0.0.1:${served.port}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": maxMessage,
    "grpc.max_send_message_length": maxMessage,
  });
  const stop = () => {
    client.close();
    served.stop();
  };

  async function ask<Answer>(call: (done: (error: ServiceError | null, answer: Answer) => void) => unknown) {
    try {
      return await new Promise<Answer>((resolve, reject) => {
        call((error, answer) => (error === null ? resolve(answer) : reject(error)));
      });
    } catch (error) {
      throw new EngineError(`policy pack ${pack.dir}: ${messageOf(error)}`);
    }
  }

  try {
    await ask((done) => client.configureStack(stackOf(program, dryRun), done));
    const info = await ask<AnalyzerInfo>((done) => client.getAnalyzerInfo(new empty.Empty(), done));
    const policies = info.getPoliciesList().map(policyOf);
    const configured = configuration(info.getName(), policies, pack.config ?? {});
    await ask((done) => client.configure(configured, done));
    return {
      policies,
      stop,
      async analyze(registration, providers) {
        const request = requestFor(registration, providers);
        const answer = await ask<Diagnosed>((done) => client.analyze(request, done));
        return violationsOf(answer, registration.urn);
      },
      async analyzeStack(registrations, providers) {
        const request = new analyzer.AnalyzeStackRequest();
        request.setResourcesList(registrations.map((registration) => resourceFor(registration, providers)));
        return violationsOf(await ask<Diagnosed>((done) => client.analyzeStack(request, done)), "");
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

function stackOf({ stack, project, config, secretKeys }: Program, dryRun: boolean) {
  const request = new analyzer.AnalyzerStackConfigureRequest();
  request.setStack(stack);
  request.setProject(project);
  request.setOrganization("organization");
  request.setDryRun(dryRun);
  request.setConfigSecretKeysList(secretKeys ?? []);
  for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
  return request;
}

const numbers: Record<Level, 0 | 1 | 2 | 3> = { advisory: 0, mandatory: 1, disabled: 2, remediate: 3 };

function levelOf(number: number): Level {
  return levels.find((level) => numbers[level] === number) ?? "mandatory";
}

function policyOf(info: PolicyInfo): DescribedPolicy {
  const schema = info.getConfigschema();
  return {
    name: info.getName(),
    level: levelOf(info.getEnforcementlevel()),
    properties: toJsonObject(schema?.getProperties()?.toJavaScript() ?? {}),
    required: schema?.getRequiredList() ?? [],
  };
}

function configuration(pack: string, policies: readonly DescribedPolicy[], given: PolicyConfig) {
  const request = new analyzer.ConfigureAnalyzerRequest();
  for (const [name, { level, properties }] of configure(pack, policies, given)) {
    const config = new analyzer.PolicyConfig();
    config.setEnforcementlevel(numbers[level]);
    config.setProperties(struct.Struct.fromJavaScript(properties));
    request.getPolicyconfigMap().set(name, config);
  }
  return request;
}

interface Diagnosed {
  getDiagnosticsList(): AnalyzeDiagnostic[];
}

function violationsOf(answer: Diagnosed, urn: string): Violation[] {
  return answer.getDiagnosticsList().map((diagnostic) => {
    const description = diagnostic.getDescription();
    const message = diagnostic.getMessage();
    // The SDK writes the description above the message, where it is known already.
    const own = message.startsWith(`${description}\n`) ? message.slice(description.length + 1) : message;
    return {
      pack: diagnostic.getPolicypackname(),
      policy: diagnostic.getPolicyname(),
      level: levelOf(diagnostic.getEnforcementlevel()) === "advisory" ? "advisory" : "mandatory",
      description,
      message: own,
      urn: diagnostic.getUrn() || urn,
    };
  });
}
