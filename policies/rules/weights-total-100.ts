import { virtualService } from "../model/example.ts";
import { isDeclared, routesOf } from "../model/routes.ts";
import { at, listAt } from "../model/values.ts";
import type { ObjectRule } from "../rule.ts";

/** Annotation of a VirtualService: the names of its routes whose weights are meant as proportions, or `*`. */
const annotation = "linly-mesh/proportional-routes";

const to = (subset: string, weight: number) => ({ destination: { host: "llm-service", subset }, weight });

export const weightsTotal100: ObjectRule = {
  name: "weights-total-100",
  scope: "object",
  description: "The weights of a route's destinations total 100.",
  why:
    "Istio accepts any total and deals requests in proportion: after 90 and 20 the second version gets 18 %, not 20 %, " +
    "and nobody is told.",
  level: "mandatory",
  kinds: ["networking.istio.io/VirtualService"],
  bad: {
    objects: [virtualService({ route: [to("v1", 90), to("v2", 20)] })],
    message:
      "VirtualService linly/llm-service: the weights of http[0] total 110 (90 + 20): write weights that total 100, or name " +
      'the route in the annotation "linly-mesh/proportional-routes"',
  },
  good: [virtualService({ route: [to("v1", 90), to("v2", 10)] })],
  check(object) {
    return routesOf(object).flatMap((route) => {
      const { content, title } = route;
      const shares = listAt(content, "route").map((share) => at(share, "weight") ?? 0);
      const weights = shares.filter((weight) => typeof weight === "number");
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      // A destination without company gets everything; one that is not known may make up the rest.
      if (shares.length < 2 || weights.length < shares.length || total === 100) return [];
      if (isDeclared(object, route, annotation)) return [];
      const fix = `write weights that total 100, or name the route in the annotation "${annotation}"`;
      return [{ object, message: `the weights of ${title} total ${total} (${weights.join(" + ")}): ${fix}` }];
    });
  },
};
