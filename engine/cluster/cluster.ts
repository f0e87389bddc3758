import { setTimeout as pause } from "node:timers/promises";
import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } from "@kubernetes/client-node";
import { EngineError } from "../errors.ts";
import { isObject, listAt, textAt, toJson } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Access } from "./kubeconfig.ts";
import { isKubernetesObject, titleOf } from "./kubernetes.ts";
import type { KubernetesObject, ObjectId } from "./kubernetes.ts";
import { causeOf, faultOfCertificate } from "./unreachable.ts";

/** An answer of the API server that is not a success. */
export class ApiError extends EngineError {
  readonly status: number;
  readonly causes: string[];

  constructor(status: number, message: string, causes: string[]) {
    super(message);
    this.status = status;
    this.causes = causes;
  }
}

export interface Kind {
  readonly plural: string;
  readonly namespaced: boolean;
}

type Query = Record<string, string>;
const requestSeconds = 60;
/* Enough for a plugin that fetches credentials first; who can't be reached is told before anything is touched. */
const connectSeconds = 15;
const retries = 5;
const kindSeconds = 15;

/**
 * One API server, spoken to in plain JSON: the typed models of the client library would drop every field that they are too
 * old to know.
 */
export class Cluster {
  readonly name: string;
  readonly server: string;
  readonly defaultNamespace: string;
  readonly #access: Access;
  readonly #http = new IsomorphicFetchHttpLibrary();
  readonly #kinds = new Map<string, Kind>();
  #dispatcher: ReturnType<RequestContext["getDispatcher"]>;
  #lost: AbortSignal | undefined;

  constructor(name: string, access: Access) {
    const { config } = access;
    this.name = name;
    this.#access = access;
    this.server = config.getCurrentCluster()?.server.replace(/\/$/, "") ?? "";
    this.defaultNamespace = config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  }

  get helmArgs(): readonly string[] {
    return this.#access.helmArgs;
  }

  /**
   * The version that it runs, `v1.34.1`, and the uid that no other cluster has. Fails soon, with what the reader needs, if the
   * cluster does not answer or does not let us in.
   */
  async connect(): Promise<{ version: string; uid: string }> {
    const signal = AbortSignal.timeout(connectSeconds * 1000);
    const get = (path: string) => this.#send("GET", path, {}, undefined, "", signal);
    try {
      const [version, system] = await Promise.all([get("/version"), get("/api/v1/namespaces/kube-system")]);
      return { version: textAt(version, "gitVersion") ?? "", uid: textAt(system, "metadata", "uid") ?? "" };
    } catch (error) {
      const reason = signal.aborted ? `no answer within ${connectSeconds} s` : this.#refusalOf(error);
      throw new EngineError(`cluster ${this.name} (${this.server}) can't be reached: ${reason}`);
    }
  }

  #refusalOf(error: unknown): string {
    if (!(error instanceof ApiError)) return causeOf(error);
    if (error.status !== 401) return `it answers ${error.status}: ${error.message}`;
    const certificate = this.#access.clientCertificate();
    const fault = certificate === undefined ? undefined : faultOfCertificate(certificate, new Date());
    return fault ?? "it does not accept the credentials of the kubeconfig, which may have expired (401)";
  }

  /** Once this signal is set, every request fails at once with its reason, those under way too. */
  endWith(lost: AbortSignal): void {
    this.#lost = lost;
  }

  /** How the server calls a kind. A kind that was just defined may take a moment to be known. */
  async kind({ apiVersion, kind }: { apiVersion: string; kind: string }): Promise<Kind> {
    const deadline = Date.now() + kindSeconds * 1000;
    while (!(await this.knows({ apiVersion, kind }))) {
      if (Date.now() > deadline) throw new EngineError(`cluster ${this.name} knows no ${kind} of ${apiVersion}`);
      await pause(500);
    }
    return this.#kinds.get(`${apiVersion} ${kind}`) ?? { plural: "", namespaced: false };
  }

  /** Whether the server serves a kind at all. */
  async knows({ apiVersion, kind }: { apiVersion: string; kind: string }): Promise<boolean> {
    if (!this.#kinds.has(`${apiVersion} ${kind}`)) {
      const path = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}`;
      const found = await this.request("GET", path, {}).catch(notFoundAsUndefined);
      for (const resource of listAt(found, "resources")) {
        const [name, plural] = [textAt(resource, "kind"), textAt(resource, "name")];
        if (name === undefined || plural === undefined || plural.includes("/")) continue;
        const namespaced = isObject(resource) && resource["namespaced"] === true;
        this.#kinds.set(`${apiVersion} ${name}`, { plural, namespaced });
      }
    }
    return this.#kinds.has(`${apiVersion} ${kind}`);
  }

  async get(id: ObjectId): Promise<KubernetesObject | undefined> {
    const found = await this.request("GET", await this.#path(id), {}).catch(notFoundAsUndefined);
    return found === undefined ? undefined : whole(found, id);
  }

  /** Server-side apply: the fields of `object` become those of `manager`; those it no longer names go. */
  async apply(object: KubernetesObject, id: ObjectId, manager: string, force: boolean): Promise<KubernetesObject> {
    const query = { fieldManager: manager, force: String(force), fieldValidation: "Strict" };
    const type = "application/apply-patch+yaml";
    return whole(await this.request("PATCH", await this.#path(id), query, object, type), id);
  }

  async create(object: KubernetesObject, id: ObjectId): Promise<KubernetesObject> {
    const { name: _, ...collection } = id;
    return whole(await this.request("POST", await this.#path(collection), {}, object), id);
  }

  /** Fails with 409 if the object has changed since its resourceVersion was read. */
  async replace(object: KubernetesObject, id: ObjectId): Promise<KubernetesObject> {
    return whole(await this.request("PUT", await this.#path(id), {}, object), id);
  }

  /** Deletes that very object, no later one of the same name. Already gone is as good. */
  async delete(id: ObjectId, uid: string, propagation: "Background" | "Foreground"): Promise<void> {
    const options = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid }, propagationPolicy: propagation };
    await this.request("DELETE", await this.#path(id), {}, options).catch(notFoundAsUndefined);
  }

  async list(kind: { apiVersion: string; kind: string; namespace?: string }, query: Query): Promise<JsonObject[]> {
    return listAt(await this.request("GET", await this.#path(kind), query), "items").filter(isObject);
  }

  async #path(id: { apiVersion: string; kind: string; namespace?: string; name?: string }): Promise<string> {
    const { plural, namespaced } = await this.kind(id);
    const parts = [id.apiVersion.includes("/") ? "apis" : "api", id.apiVersion];
    if (namespaced && id.namespace !== undefined) parts.push("namespaces", encodeURIComponent(id.namespace));
    parts.push(plural);
    if (id.name !== undefined) parts.push(encodeURIComponent(id.name));
    return `/${parts.join("/")}`;
  }

  /** One request, tried again where the server is overloaded, briefly away, or waits for a webhook to come up. */
  async request(
    method: HttpMethod,
    path: string,
    query: Query,
    body?: JsonObject,
    type = "application/json",
  ): Promise<Json> {
    const signals = this.#lost === undefined ? [] : [this.#lost];
    const lastTry = Date.now() + requestSeconds * 1000;
    for (let attempt = 0; ; attempt += 1) {
      this.#lost?.throwIfAborted();
      try {
        const signal = AbortSignal.any([AbortSignal.timeout(requestSeconds * 1000), ...signals]);
        return await this.#send(method, path, query, body, type, signal);
      } catch (error) {
        this.#lost?.throwIfAborted();
        const busy = !(error instanceof ApiError) || [429, 503, 504].includes(error.status) || isWebhookAway(error);
        // A POST or DELETE whose answer was lost may have been carried out: only what can be repeated is repeated.
        const repeatable = method === "GET" || method === "PATCH" || error instanceof ApiError;
        if (!busy || !repeatable || attempt >= retries || Date.now() > lastTry) {
          if (error instanceof ApiError) throw error;
          throw new EngineError(
            `cluster ${this.name} (${this.server}) does not answer: ${causeOf(error)} (${method} ${path})`,
          );
        }
        await pause(300 * 2 ** attempt);
      }
    }
  }

  async #send(
    method: HttpMethod,
    path: string,
    query: Query,
    body: JsonObject | undefined,
    type: string,
    signal: AbortSignal,
  ): Promise<Json> {
    const context = new RequestContext(`${this.server}${path}`, method);
    for (const [key, value] of Object.entries(query)) context.setQueryParam(key, value);
    context.setHeaderParam("Accept", "application/json");
    await orAborted(this.#access.config.applySecurityAuthentication(context), signal);
    // One dispatcher for all requests: the library makes a new one, and with it new connections, each time.
    this.#dispatcher ??= context.getDispatcher();
    if (this.#dispatcher !== undefined) context.setDispatcher(this.#dispatcher);
    context.setSignal(signal);
    if (body !== undefined) {
      context.setHeaderParam("Content-Type", type);
      context.setBody(JSON.stringify(body));
    }
    const response = await this.#http.send(context).toPromise();
    const text = await response.body.text();
    const answer = parsed(text);
    if (response.httpStatusCode < 300) return answer;
    const causes = listAt(answer, "details", "causes").map((cause) => textAt(cause, "message") ?? "");
    throw new ApiError(response.httpStatusCode, textAt(answer, "message") ?? text.slice(0, 500), causes);
  }
}

function parsed(text: string): Json {
  try {
    return toJson(JSON.parse(text));
  } catch {
    return null;
  }
}

function whole(answer: Json, id: ObjectId): KubernetesObject {
  if (isKubernetesObject(answer)) return answer;
  throw new EngineError(`the API server's answer for ${titleOf(id)} is no object`);
}

export function notFoundAsUndefined(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}

function isWebhookAway(error: ApiError): boolean {
  return error.status === 500 && error.message.includes("failed calling webhook");
}

/** A plugin that fetches credentials knows no limit of its own. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
