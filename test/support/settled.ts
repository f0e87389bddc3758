import { z } from "zod";
import { istioNamespace } from "../../components/istio/values.ts";
import { waitFor } from "../../lab/wait.ts";
import { kubectl } from "./kubectl.ts";

/** What istiod has sent to each proxy, of each kind, and what of that the proxy has taken. */
const proxies = z.array(
  z.object({
    proxy: z.string(),
    resources: z.record(z.string(), z.object({ sent: z.string().optional(), acked: z.string().optional() })),
  }),
);

/**
 * What proxies were told and took, as the same text for the same, and which of them have not taken all. Istiod lists
 * the proxies of several clusters in an order that differs from one request to the next.
 */
export function toldTo(syncz: string): { readonly text: string; readonly behind: readonly string[] } {
  const told = proxies.parse(JSON.parse(syncz));
  const behind = told.filter(({ resources }) => Object.values(resources).some(({ sent, acked }) => sent !== acked));
  return {
    text: told
      .map((each) => JSON.stringify(each))
      .toSorted()
      .join("\n"),
    behind: behind.map(({ proxy }) => proxy),
  };
}

/** Milliseconds without a word after which istiod has nothing more to say: it waits for others for a tenth of a second. */
const quiet = 2000;

/** Pods, and since when they are to end. */
const podList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }) })),
});

/**
 * Waits until pods that are to end have ended, which may be led to until everybody knows, and until istiod has told the
 * proxies of a cluster all that it knows, and they have taken it.
 */
export async function settled(kubeconfig: string): Promise<void> {
  await waitFor("pods that are to end have ended", { seconds: 240 }, async () => {
    const pods = podList.parse(
      JSON.parse(await kubectl(kubeconfig, ["get", "pods", "--all-namespaces", "-o", "json"])),
    );
    const ending = pods.items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    return ending.length === 0 || ending.map(({ metadata }) => metadata.name).join(", ");
  });
  let last = "";
  let since = 0;
  await waitFor("proxies to have what istiod knows", { seconds: 120 }, async () => {
    const { text, behind } = toldTo(await askedOfIstiod(kubeconfig, "/debug/syncz"));
    if (text !== last) [last, since] = [text, Date.now()];
    if (behind.length > 0) return `${behind.join(", ")} has not taken what was sent`;
    return Date.now() - since >= quiet || "istiod goes on sending";
  });
}

function askedOfIstiod(kubeconfig: string, path: string): Promise<string> {
  const command = ["pilot-discovery", "request", "GET", path];
  return kubectl(kubeconfig, ["--namespace", istioNamespace, "exec", "deployment/istiod", "--", ...command]);
}
