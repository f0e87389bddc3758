import { z } from "zod";
import { dnsLabel, time, withoutCredentials } from "../scalars.ts";
import { object } from "./object.ts";

const acme = object({
  email: z.email({ error: 'is not an address such as "ops@example.com"' }).describe("Who is told of trouble."),
  server: z
    .url({ protocol: /^https?$/, error: 'is not the address of an ACME directory such as "https://…/directory"' })
    .refine(...withoutCredentials("an ACME directory is everybody's"))
    .default("https://acme-v02.api.letsencrypt.org/directory")
    .describe("The directory of the authority. Default: that of Let's Encrypt."),
});

const existing = object({
  kind: z
    .enum(["Issuer", "ClusterIssuer"], { error: 'is not a kind of issuer: "Issuer" or "ClusterIssuer"' })
    .default("ClusterIssuer")
    .describe("An Issuer is one of the namespace `istio-ingress`."),
  name: dnsLabel().describe("Its name."),
});

/** How users' connections are encrypted, and who vouches for the certificate. */
export const ingressTls = object({
  issuer: z
    .union(
      [
        z.literal("ownCa"),
        object({ acme: acme.describe("An authority that asks by HTTP for each name.") }),
        object({ existing: existing.describe("An issuer of your own.") }),
      ],
      {
        error: 'is not an issuer: "ownCa", { acme: { email: ops@example.com } } or { existing: { name: my-issuer } }',
      },
    )
    .describe("Who issues the certificate: a CA of this stack's own, an ACME authority, or an issuer that is there."),
  // cert-manager's webhook refuses a shorter lifetime than an hour, and a renewal of less than five minutes before.
  duration: time("a lifetime", "1h", "87600h")
    .default("2160h")
    .describe("How long a certificate is good for. An ACME authority has its own mind about it."),
  renewBefore: time("a time", "5m", "87600h")
    .optional()
    .describe("How long before its end a certificate is renewed. Default: a third of its lifetime."),
  hstsMaxAge: time("a time", "0s", "17520h")
    .default("8760h")
    .describe("How long browsers remember to come by TLS alone; `0s` makes them forget."),
});

export type IngressTlsConfig = z.output<typeof ingressTls>;
