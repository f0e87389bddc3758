import { seconds } from "../quantities.ts";
import { duration } from "../scalars.ts";
import type { Fault } from "../faults.ts";
import { longestCommonName, rootName } from "../root-name.ts";
import type { LenientMesh } from "./lenient.ts";
import { valueAt } from "./reserved-values.ts";

const noCertManager =
  "takes the cert-manager that this program installs; leave addons.certManager.install out, or choose another";

/** Certificates for users that nobody could issue. */
export function ingressTlsFaults({ ingress: { hosts, tls }, addons, clusters }: LenientMesh): Fault[] {
  if (tls === undefined) return [];
  const faults: Fault[] = [];
  const kind = issuerKind(tls.issuer);
  const names = hosts ?? ["*"];
  if (kind !== undefined && kind !== "existing" && !addons.certManager.install) {
    faults.push({ path: "ingress.tls.issuer", message: `${JSON.stringify(kind)} ${noCertManager}: { existing: … }` });
  }
  for (const { name, role } of clusters) {
    if (kind !== "acme" || role !== "remote") continue;
    const message = `"acme" asks for each name by HTTP, and in the remote ${name} no control plane reads the Ingress that answers`;
    faults.push({
      path: "ingress.tls.issuer",
      message: `${message}; name an issuer that asks by DNS: { existing: … }`,
    });
  }
  for (const [index, host] of names.entries()) {
    const path = `ingress.hosts${hosts === undefined ? "" : `[${index}]`}`;
    if (host === "*") {
      faults.push({ path, message: '"*" is no name, and a certificate is for names; with ingress.tls say which' });
    } else if (/\.\d+$/.test(host)) {
      const message = `${JSON.stringify(host)} is an address, and no client asks for a certificate by one; name a host such as "talk.example.com"`;
      faults.push({ path, message });
    } else if (kind === "acme" && host.startsWith("*.")) {
      const message = `${JSON.stringify(host)}: an ACME authority gives no wildcard for a challenge by HTTP; name each host`;
      faults.push({ path, message });
    }
  }
  const [whole, before] = [lengthOf(tls.duration ?? "2160h"), lengthOf(tls.renewBefore)];
  if (whole !== undefined && before !== undefined && before >= whole) {
    const message = `${JSON.stringify(tls.renewBefore)} is not less than the lifetime, ingress.tls.duration`;
    faults.push({ path: "ingress.tls.renewBefore", message });
  }
  return faults;
}

/** A mesh whose name makes too long a one for its root. */
export function rootNameFaults({ istio: { ca, meshId } }: LenientMesh): Fault[] {
  if (ca !== "certManager" || meshId === undefined || rootName(meshId).length <= longestCommonName) return [];
  const most = longestCommonName - rootName("").length;
  const message = `${JSON.stringify(meshId)} has ${meshId.length} characters; with ca: certManager, whose root is named by it, at most ${most}`;
  return [{ path: "istio.meshId", message }];
}

/** A CA for istiod that nobody could make, or that a stack's own values would take away. */
export function meshCaFaults({ istio: { ca, values }, addons }: LenientMesh): Fault[] {
  const missing =
    ca === "certManager" && !addons.certManager.install
      ? [{ path: "istio.ca", message: `"certManager" ${noCertManager}: existing` }]
      : [];
  if (ca === undefined || ca === "istiod") return missing;
  const taken = ["volumes", "volumeMounts"].filter((key) => valueAt(values, ["istiod", key]) !== undefined);
  return [
    ...missing,
    ...taken.map((key) => ({
      path: `istio.values.istiod.${key}`,
      message: `is not for the stack file to set with istio.ca: ${ca}, whose Secret istiod must not start without`,
    })),
  ];
}

function issuerKind(issuer: unknown): "ownCa" | "acme" | "existing" | undefined {
  if (issuer === "ownCa") return issuer;
  if (valueAt(issuer, ["acme"]) !== undefined) return "acme";
  return valueAt(issuer, ["existing"]) === undefined ? undefined : "existing";
}

function lengthOf(text: string | undefined): number | undefined {
  const parsed = duration.safeParse(text);
  return parsed.success ? seconds(parsed.data) : undefined;
}
