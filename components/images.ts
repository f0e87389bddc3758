/**
 * The image as the one registry of a cluster without internet has it: the same path below another registry, tag and
 * digest kept. `docker.io` and its `library/` are added where an image leaves them out.
 *
 * @param registry undefined where images come from where they are published
 */
export function mirrored(image: string, registry: string | undefined): string {
  if (registry === undefined || image.startsWith(`${registry}/`)) return image;
  return `${registry}/${pathOf(image)}`;
}

/** The same for where images lie, without a name: `docker.io/istio`. */
export function mirroredHub(hub: string, registry: string | undefined): string {
  if (registry === undefined || hub === registry || hub.startsWith(`${registry}/`)) return hub;
  const [first = "", ...rest] = hub.split("/");
  return [registry, ...(isRegistry(first) ? rest : [first, ...rest])].join("/");
}

/** What follows the registry in a reference: `library/nginx:1.29` for `nginx:1.29`. */
function pathOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `library/${first}`;
  if (!isRegistry(first)) return image;
  const path = rest.join("/");
  return first === "docker.io" && rest.length === 1 ? `library/${path}` : path;
}

function isRegistry(first: string): boolean {
  return first === "localhost" || first.includes(".") || first.includes(":");
}
