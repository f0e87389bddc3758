/** The cluster domain that short names stand in; a rule compares hosts, whatever the cluster's own domain is. */
const clusterDomain = "cluster.local";

/**
 * A host in one spelling: a name without dots is a Service beside the object that names it, anything else is taken as it
 * is, as Istio does. Undefined for a short name in a namespace that is not known.
 */
export function fullHost(host: string, namespace: string | undefined): string | undefined {
  if (!host.includes(".") && host !== "*") {
    return namespace === undefined ? undefined : `${host}.${namespace}.svc.${clusterDomain}`;
  }
  const service = serviceOf(host);
  return service === undefined ? host : `${service.name}.${service.namespace}.svc.${clusterDomain}`;
}

/** The Service that a full host names; undefined for any other host. */
export function serviceOf(host: string): { name: string; namespace: string } | undefined {
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\..+$/.exec(host) ?? [];
  return name === undefined || namespace === undefined ? undefined : { name, namespace };
}

/** Whether a rule for `pattern` holds for `host`, both in full: `*.linly.svc.cluster.local` covers what is in `linly`. */
export function covers(pattern: string, host: string): boolean {
  return pattern.startsWith("*") ? host.endsWith(pattern.slice(1)) : pattern === host;
}
