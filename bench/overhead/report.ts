import { table } from "../../cli/views/table.ts";
import type { Random } from "../../services/simulator/random.ts";
import { loadNames, loads, type Block, type LoadName } from "./blocks.ts";
import { estimate, formatEstimate } from "./confidence.ts";
import { addedPerHop, judged, middle, type Meshed, type Share } from "./figures.ts";
import type { Weight } from "./fleet.ts";

const meshed: readonly { readonly setup: Meshed; readonly name: string }[] = [
  { setup: "defaults", name: "Istio's defaults" },
  { setup: "ours", name: "ours" },
  { setup: "layer4", name: "ours at layer 4" },
];

/** What the blocks say, as a person reads it. */
export function report(blocks: readonly Block[], random: Random): string {
  return [...loadNames.map((load) => loadTable(blocks, load, random)), targets(blocks, random)].join("\n\n");
}

function loadTable(blocks: readonly Block[], load: LoadName, random: Random): string {
  const { name, hops } = loads[load];
  const header = [name, "P50, µs", "P90, µs", "P99, µs", "sidecars' CPU, µs", "requests/s"];
  const added = (setup: Meshed) => (share: Share) =>
    `+${formatEstimate(
      estimate(blocks, (drawn) => addedPerHop(drawn, setup, load, share), random),
      0,
    )}`;
  const shares: readonly Share[] = ["p50", "p90", "p99"];
  const whole = (setup: "without" | Meshed, figure: "cpu" | "rate", per = 1) =>
    formatEstimate(
      estimate(blocks, (drawn) => middle(drawn, setup, load, figure) / per, random),
      0,
    );
  const rows = [
    [
      "no mesh, a hop",
      ...shares.map((share) => (middle(blocks, "without", load, share) / hops).toFixed(0)),
      "",
      whole("without", "rate"),
    ],
    ...meshed.map(({ setup, name: called }) => [
      called,
      ...shares.map(added(setup)),
      whole(setup, "cpu", hops),
      whole(setup, "rate"),
    ]),
  ];
  return table(header, rows);
}

function targets(blocks: readonly Block[], random: Random): string {
  const rows = judged(blocks, random).map(({ what, ratio, target, isMet, layer4 }) => [
    what,
    formatEstimate(ratio, 2),
    target,
    isMet ? "met" : "not met",
    formatEstimate(layer4, 2),
  ]);
  return table(["ours to Istio's defaults", "ratio", "target", "", "at layer 4"], rows);
}

/** What sidecars have to keep in a mesh of so many services. */
export interface Weighed {
  readonly services: number;
  readonly defaults: Weight;
  readonly ours: Weight;
}

export function weights(weighed: readonly Weighed[]): string {
  const kibibytes = (bytes: number) => (bytes / 1024).toFixed(0);
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  return table(
    ["services more", "configuration, KiB: defaults", "ours", "ratio", "memory, MiB: defaults", "ours"],
    weighed.map(({ services, defaults, ours }) => [
      services,
      kibibytes(defaults.configBytes),
      kibibytes(ours.configBytes),
      (ours.configBytes / defaults.configBytes).toFixed(3),
      mebibytes(defaults.memoryBytes),
      mebibytes(ours.memoryBytes),
    ]),
  );
}
