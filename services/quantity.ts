/** Quantities of Kubernetes as the program itself writes them; what a stack file says is checked by `config/`. */

/** CPU: cores (`2`, `0.5`) or millicores (`500m`). */
export type CpuQuantity = `${number}` | `${number}m`;

/** Memory or storage, with its unit: `256Mi`, `24Gi`. */
export type MemoryQuantity = `${number}${"k" | "M" | "G" | "T" | "P" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi"}`;
