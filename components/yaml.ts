/** A file of YAML, written as JSON, which is YAML. */
export function asYaml(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
