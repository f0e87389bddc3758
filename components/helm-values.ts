/** Values of a Helm chart. */
export interface HelmValues {
  [key: string]: HelmValue;
}

export type HelmValue = string | number | boolean | null | HelmValue[] | HelmValues;

/** `over` laid on `base`: mappings merge key by key, everything else is replaced. */
export function overlay(base: HelmValues, over: HelmValues): HelmValues {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMapping(below) && isMapping(value) ? overlay(below, value) : value;
  }
  return merged;
}

function isMapping(value: HelmValue | undefined): value is HelmValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
