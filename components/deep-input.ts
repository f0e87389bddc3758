import type * as pulumi from "@pulumi/pulumi";

/**
 * A value of which every part, however deep, may be known only later: what Pulumi's own resources take as arguments.
 * Lists may be read-only.
 */
export type DeepInput<T> = [T] extends [never]
  ? never
  : [T] extends [string | number | boolean]
    ? pulumi.Input<T>
    : T extends readonly (infer Element)[]
      ? pulumi.Input<readonly DeepInput<Element>[]>
      : T extends object
        ? pulumi.Input<{ [Key in keyof T]: DeepInput<Exclude<T[Key], undefined>> }>
        : pulumi.Input<T>;
