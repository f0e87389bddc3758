import { z } from "zod";
import { isStageName } from "../services/catalogue.ts";
import type { Fault } from "./faults.ts";
import { suggestion } from "./nearest.ts";
import { bytes, cores } from "./quantities.ts";

/**
 * As much of a stack file as these checks read, whatever else is wrong with it: a part of the wrong shape counts as
 * absent, because the schema has already named it.
 */
const quantity = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const compute = z.object({ cpu: quantity, memory: quantity }).partial().catch({});

const lenient = z.object({
  namespace: z.string().optional().catch(undefined),
  ingress: z.object({ hosts: z.array(z.string()).catch([]) }).catch({ hosts: [] }),
  mode: z.string().optional().catch(undefined),
  pipeline: z.array(z.string().catch("")).catch([]),
  entry: z.string().optional().catch(undefined),
  services: z
    .record(
      z.string(),
      z
        .object({
          versions: z
            .array(z.object({ name: z.string().optional().catch(undefined), weight: z.number().catch(Number.NaN) }))
            .catch([]),
          resources: z.object({ requests: compute, limits: compute }).optional().catch(undefined),
        })
        .catch({ versions: [], resources: undefined }),
    )
    .catch({}),
});

type Lenient = z.output<typeof lenient>;

/** The faults that no single value shows: sums, names given twice, references to nothing. */
export function crossFaults(raw: unknown): Fault[] {
  const parsed = lenient.safeParse(raw);
  if (!parsed.success) return [];
  const { data } = parsed;
  return [...pipelineFaults(data), ...versionFaults(data), ...resourceFaults(data), ...nameFaults(data)];
}

function pipelineFaults({ mode, pipeline, entry, services }: Lenient): Fault[] {
  const faults: Fault[] = repeated(pipeline).map(({ value, index }) => ({
    path: `pipeline[${index}]`,
    message: `${JSON.stringify(value)} is there twice; a stage has one place in the pipeline`,
  }));
  if (mode === "orchestrated" && entry === undefined) {
    faults.push({
      path: "entry",
      message: 'is missing; with mode "orchestrated" it names the stage that calls the others',
    });
  }
  if (mode === "chain" && entry !== undefined) {
    faults.push({ path: "entry", message: 'has no meaning with mode "chain", where users enter at the first stage' });
  }
  // A name that is no stage at all has been named by the schema already.
  const running = new Set((entry === undefined ? pipeline : [...pipeline, entry]).filter(isStageName));
  const complete = pipeline.every(isStageName) && (entry === undefined || isStageName(entry));
  const described = Object.keys(services);
  for (const stage of running) {
    if (!described.includes(stage)) {
      faults.push({ path: `services.${stage}`, message: "is missing; the pipeline has this stage" });
    }
  }
  for (const stage of described) {
    if (complete && isStageName(stage) && !running.has(stage)) {
      faults.push({ path: `services.${stage}`, message: `is not in the pipeline: ${suggestion(stage, [...running])}` });
    }
  }
  return faults;
}

function versionFaults({ services }: Lenient): Fault[] {
  return Object.entries(services).flatMap(([stage, { versions }]) => {
    const path = `services.${stage}.versions`;
    const names = versions.map(({ name }) => name ?? "");
    const faults: Fault[] = repeated(names.filter((name) => name !== "")).map(({ value }) => ({
      path,
      message: `has two versions named ${JSON.stringify(value)}; each name stands for one subset`,
    }));
    const total = versions.reduce((sum, { weight }) => sum + weight, 0);
    if (versions.length > 0 && Number.isFinite(total) && total !== 100) {
      const shares = versions.map(({ name, weight }) => `${name ?? "?"} ${weight}`).join(", ");
      faults.push({ path, message: `weights total ${total} (${shares}); they must total 100` });
    }
    return faults;
  });
}

/** Kubernetes refuses a container whose limit is below its request. */
function resourceFaults({ services }: Lenient): Fault[] {
  const scales = [
    ["cpu", cores],
    ["memory", bytes],
  ] as const;
  return Object.entries(services).flatMap(([stage, { resources }]) =>
    scales.flatMap(([name, scale]) => {
      const request = resources?.requests[name];
      const limit = resources?.limits[name];
      if (request === undefined || limit === undefined || !(scale(limit) < scale(request))) return [];
      return [
        {
          path: `services.${stage}.resources.limits.${name}`,
          message: `${JSON.stringify(limit)} is less than the request, ${JSON.stringify(request)}; a limit is at least the request`,
        },
      ];
    }),
  );
}

/** Namespaces that the mesh or Kubernetes itself needs for something else. */
const takenNamespaces = ["istio-system", "istio-cni", "istio-ingress", "kube-system", "kube-public", "kube-node-lease"];

function nameFaults({ namespace, ingress }: Lenient): Fault[] {
  const taken: Fault[] =
    namespace !== undefined && takenNamespaces.includes(namespace)
      ? [
          {
            path: "namespace",
            message: `${JSON.stringify(namespace)} is taken; the stages run in a namespace of their own`,
          },
        ]
      : [];
  const hosts = repeated(ingress.hosts).map(({ value, index }) => ({
    path: `ingress.hosts[${index}]`,
    message: `${JSON.stringify(value)} is there twice`,
  }));
  return [...taken, ...hosts];
}

function repeated(values: readonly string[]): { value: string; index: number }[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [{ value, index }] : []));
}
