import { z } from "zod";
import { headerName, withoutCredentials } from "../scalars.ts";
import { claimName, claimValue } from "./claims.ts";
import { jwks } from "./jwks.ts";
import { object } from "./object.ts";

const issuerName = z
  .string({ error: "is not an issuer" })
  .regex(/^[^\s*]+$/, { error: 'is not an issuer such as "https://accounts.google.com"' });

const audience = z
  .string({ error: "is not an audience" })
  .min(1, { error: "is empty; an audience is what the token was made for, such as a client's id" });

const issuer = object({
  issuer: issuerName.describe("Who made the token: its claim `iss`, letter by letter."),
  audiences: z
    .array(audience)
    .min(1, { error: "is empty; a token for anybody else's application would then be taken too" })
    .describe("Whom tokens are for: one of these stands in their claim `aud`."),
  jwks: jwks.optional().describe("The issuer's public keys. Nobody fetches them, and nobody renews them but you."),
  jwksUri: z
    .url({
      protocol: /^https$/,
      error: 'is not an https:// address such as "https://www.googleapis.com/oauth2/v3/certs"',
    })
    .refine(...withoutCredentials("public keys are everybody's"))
    .optional()
    .describe("Where the issuer's public keys are served: istiod fetches them, at first and every 20 minutes."),
});

const path = z
  .string({ error: "is not a path" })
  .regex(/^\/(?!\*$)[A-Za-z0-9._~!$&'()+,;=:@/-]*\*?$/, {
    error: 'is not a path such as "/health", or all below one, "/.well-known/acme-challenge/*"',
  })
  .refine((text) => !/\/\/|\/\.{1,2}(?:\/|$)/.test(text), { error: "is not a path as it is after normalising" })
  .refine((text) => !/[^/]\*$/.test(text), { error: 'is not a path: "*" stands alone after the last "/"' });

/** Who may come in at the ingress, told by tokens (JWT). */
export const users = object({
  issuers: z
    .array(issuer)
    .min(1, { error: "is empty; it names who makes the tokens" })
    .describe("Who makes tokens that are taken."),
  claims: z
    .record(claimName, z.array(claimValue).min(1, { error: "is empty; it lists the values that let a user in" }))
    .default({})
    .describe("What a token must hold besides: each claim, one of the values. Default: any token of the issuers."),
  header: object({
    name: headerName.describe("Name of the header."),
    prefix: z
      .string({ error: "is not a text" })
      .optional()
      .describe("What stands before the token. Default: `Bearer ` in `authorization`, else nothing."),
  })
    .prefault({ name: "authorization" })
    .describe(
      "The one place where a token is looked for: no query parameter and no cookie counts. Default: `authorization`.",
    ),
  openPaths: z
    .array(path)
    .default(["/.well-known/acme-challenge/*"])
    .describe("Paths that `GET` and `HEAD` reach without a token, beside the path of the entry's readiness."),
  forwardOriginalToken: z.boolean().default(false).describe("Whether stages see the token. Default: it ends here."),
});

export type UsersConfig = z.output<typeof users>;
