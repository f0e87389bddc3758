import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { repeated } from "./repeated.ts";

const google = "https://accounts.google.com";

/** Issuers whose tokens nobody could check or that contradict each other, and testers by a claim that nobody has. */
export function userFaults({ ingress: { users }, pins }: LenientMesh): Fault[] {
  const faults: Fault[] = [];
  const issuers = users?.issuers ?? [];
  const path = "ingress.users.issuers";
  issuers.forEach(({ issuer, jwks, jwksUri }, index) => {
    if (issuer === undefined || (jwks === undefined) !== (jwksUri === undefined)) return;
    const message =
      jwks === undefined
        ? "has no keys to check tokens by; name jwksUri, or write the keys as jwks"
        : "has both jwks and jwksUri; the keys that are written here, or those that istiod fetches, not both";
    faults.push({ path: `${path}[${index}]`, message });
  });
  const names = issuers.map(({ issuer }) => issuer ?? "");
  for (const { value, index } of repeated(names)) {
    if (value === "") continue;
    const message = `${JSON.stringify(value)} is there twice; one entry holds all its audiences and keys`;
    faults.push({ path: `${path}[${index}].issuer`, message });
  }
  const bare = names.indexOf(google.replace("https://", ""));
  if (bare >= 0 && !names.includes(google)) {
    const message = `is "accounts.google.com", but Google's tokens name "${google}"; some clients still get tokens without https://, for which both may be listed`;
    faults.push({ path: `${path}[${bare}].issuer`, message });
  }
  if (pins.testers?.claim !== undefined && users === undefined) {
    const message = "is held by nobody: without ingress.users no token is read; name issuers there, or leave it out";
    faults.push({ path: "pins.testers.claim", message });
  }
  return faults;
}
