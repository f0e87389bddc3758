import type { Rule } from "./rule.ts";
import { allowNotAlone } from "./rules/allow-not-alone.ts";
import { breakerCanEject } from "./rules/breaker-can-eject.ts";
import { imagesByDigest } from "./rules/images-by-digest.ts";
import { jwtRequired } from "./rules/jwt-required.ts";
import { mirrorPercentage } from "./rules/mirror-percentage.ts";
import { noPortLeftOut } from "./rules/no-port-left-out.ts";
import { retriesIdempotent } from "./rules/retries-idempotent.ts";
import { strictMtls } from "./rules/strict-mtls.ts";
import { subsetsDefined } from "./rules/subsets-defined.ts";
import { weightsTotal100 } from "./rules/weights-total-100.ts";
import { whenKeysKnown } from "./rules/when-keys-known.ts";

/** Every rule of the pack: traffic, then access, then production. */
export const rules: readonly Rule[] = [
  subsetsDefined,
  weightsTotal100,
  retriesIdempotent,
  mirrorPercentage,
  breakerCanEject,
  allowNotAlone,
  whenKeysKnown,
  jwtRequired,
  strictMtls,
  noPortLeftOut,
  imagesByDigest,
];
