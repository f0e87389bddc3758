import { virtualService } from "../model/example.ts";
import { routesOf } from "../model/routes.ts";
import { at, isObject, listAt } from "../model/values.ts";
import type { ObjectRule } from "../rule.ts";

const route = [{ destination: { host: "llm-service", subset: "v1" } }];
const mirror = { host: "llm-service", subset: "v2" };

export const mirrorPercentage: ObjectRule = {
  name: "mirror-percentage",
  scope: "object",
  description: "A mirror says which share of the requests it gets.",
  why:
    "Without a percentage all requests are mirrored: the shadow needs as many GPUs as production, and each request is " +
    "worked on twice.",
  level: "mandatory",
  kinds: ["networking.istio.io/VirtualService"],
  bad: {
    objects: [virtualService({ route, mirror })],
    message:
      "VirtualService linly/llm-service: http[0] mirrors every request, since it gives no percentage: " +
      "write mirrorPercentage: { value: 5 } beside mirror, with the share you mean, 100 too",
  },
  good: [virtualService({ route, mirror, mirrorPercentage: { value: 5 } })],
  check(object) {
    return routesOf(object).flatMap(({ content, title }) => {
      const told = at(content, "mirrorPercentage") ?? at(content, "mirrorPercent") ?? at(content, "mirror_percent");
      const whole = `${title} mirrors every request, since it gives no percentage: write`;
      const single = isObject(at(content, "mirror")) && told === undefined;
      const untold = listAt(content, "mirrors").filter(
        (entry) => isObject(entry) && at(entry, "percentage") === undefined,
      );
      return [
        ...(single ? [`${whole} mirrorPercentage: { value: 5 } beside mirror, with the share you mean, 100 too`] : []),
        ...untold.map(() => `${whole} percentage: { value: 5 } in each of mirrors, with the share you mean, 100 too`),
      ].map((message) => ({ object, message }));
    });
  },
};
