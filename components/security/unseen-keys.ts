import type { MeshConfig } from "../../config/schema.ts";

/** What may keep the keys of an issuer from coming, or keep everybody from knowing: a sentence each. */
export function unseenKeys({ ingress, airGap, addons }: Pick<MeshConfig, "ingress" | "airGap" | "addons">): string[] {
  const fetched = (ingress.users?.issuers ?? []).flatMap(({ jwksUri }) => jwksUri ?? []);
  if (fetched.length === 0) return [];
  const { prometheus } = addons;
  const isJudged = prometheus.install !== false || prometheus.operator !== undefined;
  const where = fetched.map((uri) => new URL(uri).host).join(" and ");
  return [
    ...(airGap === undefined
      ? []
      : [
          `istiod fetches the keys of users' tokens from ${where} itself: where a cluster without internet does not ` +
            "reach that, every token is refused; ingress.users.issuers[].jwks holds keys that nobody has to fetch",
        ]),
    ...(isJudged
      ? []
      : [
          `nobody tells when istiod cannot fetch the keys of users' tokens from ${where}, and every token is refused: ` +
            "addons.prometheus is not installed and names no operator",
        ]),
  ];
}
