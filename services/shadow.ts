/** As much of a service as it takes to tell the version that is mirrored to. */
interface Mirrored<Version> {
  readonly versions: readonly Version[];
  readonly mirror?: { readonly to?: string | undefined } | undefined;
}

interface Named {
  readonly name?: string | undefined;
}

/** Whether a version is a shadow: it gets copies of the others' requests and none of its own, and calls nobody. */
export function isShadow({ mirror }: Pick<Mirrored<Named>, "mirror">, { name }: Named): boolean {
  return mirror?.to !== undefined && mirror.to === name;
}

/** The versions that requests may be sent to: all but the shadow. */
export function liveVersions<Version extends Named>(service: Mirrored<Version>): Version[] {
  return service.versions.filter((version) => !isShadow(service, version));
}
