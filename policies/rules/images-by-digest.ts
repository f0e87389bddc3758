import { deployment } from "../model/example.ts";
import type { KubernetesObject } from "../model/object.ts";
import { templates } from "../model/templates.ts";
import { at, listAt, textAt } from "../model/values.ts";
import type { Value } from "../model/values.ts";
import type { ObjectRule } from "../rule.ts";

const digest = /@sha256:[0-9a-f]{64}$/;

/** What stands where Istio's injection will write the image of its proxy. */
const injected = "auto";

function imagesOf({ kind, spec }: KubernetesObject): { place: string; image: string }[] {
  const pod = kind === "Pod" ? spec : at(spec, ...(templates[kind] ?? []), "spec");
  const named = (entry: Value, place: string, image: string | undefined) =>
    image === undefined ? [] : [{ place: `${place} "${textAt(entry, "name") ?? "?"}"`, image }];
  return [
    ...["initContainers", "containers"].flatMap((list) =>
      listAt(pod, list).flatMap((entry) => named(entry, "container", textAt(entry, "image"))),
    ),
    ...listAt(pod, "volumes").flatMap((entry) => named(entry, "volume", textAt(entry, "image", "reference"))),
  ];
}

const image = "registry.example.com/linly/llm:1.0.0";

export const imagesByDigest: ObjectRule = {
  name: "images-by-digest",
  scope: "object",
  description: "In production images are named by digest.",
  why:
    "A tag can be moved. A pod that restarts on another node then runs another image than its neighbours, and going " +
    "back to the earlier revision does not bring the earlier image back.",
  level: "advisory",
  kinds: Object.keys(templates),
  onlyIn: "production",
  bad: {
    objects: [deployment({}, image)],
    message:
      `Deployment linly/llm-service-v1: the image of container "llm" is ${image}, which a tag names: ` +
      `write ${image}@sha256:<digest>`,
  },
  good: [deployment({}, `${image}@sha256:${"0123456789abcdef".repeat(4)}`)],
  check(object) {
    return imagesOf(object)
      .filter(({ image }) => image !== injected && !digest.test(image))
      .map(({ place, image }) => ({
        object,
        message: `the image of ${place} is ${image}, which a tag names: write ${image}@sha256:<digest>`,
      }));
  },
};
