export const certManager = "cert-manager";

/*
 * A chart comes once what it needs is there: istiod's CA is from cert-manager, and the gateways' pods get their image from
 * istiod's webhook.
 */
const releaseOrder = [certManager, "istio-base", "istiod", "istio-cni", "istio-eastwestgateway", "istio-ingress"];

/**
 * Releases in the order in which a person installs them.
 *
 * @throws Error for a release of which no order is known
 */
export function inReleaseOrder<Release extends { readonly name: string }>(releases: readonly Release[]): Release[] {
  const unknown = releases.filter(({ name }) => !releaseOrder.includes(name)).map(({ name }) => name);
  if (unknown.length > 0) throw new Error(`no order is known for the releases ${unknown.join(", ")}`);
  return releases.toSorted((a, b) => releaseOrder.indexOf(a.name) - releaseOrder.indexOf(b.name));
}
