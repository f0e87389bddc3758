/** Most characters of a certificate's common name: X.509's own bound (RFC 5280, ub-common-name), and cert-manager's. */
export const longestCommonName = 64;

/** Common name of the root that cert-manager makes for a mesh. */
export function rootName(meshId: string): string {
  return `${meshId} root`;
}
