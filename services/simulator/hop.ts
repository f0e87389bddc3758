import { isRecord, parsed } from "./json.ts";

/** A stage that is called next. */
export type Hop = {
  readonly name: string;
  readonly url: string;
  /** The method of the call; that of the request being served when left out. */
  readonly method?: string;
  /** Whether it is called by gRPC; by HTTP/1.1 when left out. */
  readonly protocol?: "grpc";
};

/** Reads NEXT_HOPS; every fault is found, none throws. */
export function hopsFrom(json: string): { hops: Hop[]; faults: string[] } {
  const list = parsed(json);
  if (!Array.isArray(list))
    return { hops: [], faults: [`${json} is no JSON array of {name, url, method?, protocol?}`] };
  const items: unknown[] = list;
  const read = items.map((item, index) => hopFrom(item, `[${index}]`));
  return { hops: read.flatMap(({ hop }) => hop ?? []), faults: read.flatMap(({ faults }) => faults) };
}

function hopFrom(item: unknown, place: string): { hop?: Hop; faults: string[] } {
  if (!isRecord(item)) return { faults: [`${place} is no object`] };
  const { name, url, method, protocol, ...unknown } = item;
  const known = "known are name, url, method and protocol";
  const faults = Object.keys(unknown).map((key) => `${place}.${key} is not known; ${known}`);
  if (typeof name !== "string" || name === "") faults.push(`${place}.name is no text`);
  if (typeof url !== "string" || !isHttpUrl(url)) faults.push(`${place}.url ${JSON.stringify(url)} is no http:// URL`);
  if (method !== undefined && (typeof method !== "string" || !/^[A-Z]+$/.test(method)))
    faults.push(`${place}.method ${JSON.stringify(method)} is no HTTP method`);
  if (protocol !== undefined && protocol !== "grpc")
    faults.push(`${place}.protocol ${JSON.stringify(protocol)} is not "grpc"; leave it out for HTTP`);
  if (faults.length > 0 || typeof name !== "string" || typeof url !== "string") return { faults };
  const hop = {
    name,
    url,
    ...(typeof method === "string" && { method }),
    ...(protocol === "grpc" && ({ protocol } as const)),
  };
  return { hop, faults };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === "http:";
}
