import { z } from "zod";

/** A claim of a token: `hd`, or one inside of another, `[realm_access][roles]`. */
export const claimName = z
  .string({ error: "is not the name of a claim" })
  .regex(/^(?:[^\s[\]]{1,200}|(?:\[[^\s[\]]{1,200}\])+)$/, {
    error: 'is not the name of a claim such as "hd", or of one inside of another, "[realm_access][roles]"',
  });

/**
 * A value of a claim. Istio compares texts, and finds one among a list of them; `*` at either end would match anything
 * there, so that `*example.com` lets `evil-example.com` in.
 */
export const claimValue = z
  .string({ error: "is not a text; a claim that holds a number or a boolean is never found to match" })
  .regex(/^(?!\*).*[^*]$/, {
    error: 'is not a value in full: "*" at either end would stand for anything',
  });

/** What stands between the outer brackets where Istio's conditions and routes name the claim: `hd`, `realm_access][roles`. */
export function withinBrackets(claim: string): string {
  return claim.replace(/^\[(.*)\]$/, "$1");
}
