/** What of the network leads to other clusters, and from them. */
export interface Crossing {
  /** Whether istiod is elsewhere. */
  readonly istiodElsewhere: boolean;
  /** Whether istiod lets proxies of other clusters in, by the gateway between clusters. */
  readonly exposesIstiod: boolean;
  /** Whether there is a gateway by which other networks come in. */
  readonly gateway: boolean;
  /** Addresses of pods of other clusters on the same network. */
  readonly podCidrs: readonly string[];
}

/** A cluster alone. */
export const noCrossing: Crossing = { istiodElsewhere: false, exposesIstiod: false, gateway: false, podCidrs: [] };
