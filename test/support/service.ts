import type { ServiceConfig } from "../../config/schema.ts";
import { service, type ServiceInput } from "../../config/schema/service.ts";

/** A service as a stack file would write it, with the schema's defaults; one simulated version where none is given. */
export function serviceOf(written: Partial<ServiceInput> = {}): ServiceConfig {
  return service.parse({ versions: [{ name: "v1", weight: 100, image: "localhost/stage:1" }], ...written });
}
