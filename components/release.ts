/**
 * What every Release says of its upgrades beside its chart and values. A value taken out of the stack file is taken out of the
 * release: without `resetValues` the provider lets Helm reuse those of the last revision where none is left. Of its revisions
 * as many are kept as by `helm`, of which the provider would keep all.
 */
export const releaseSettings = { timeout: 600, resetValues: true, maxHistory: 10 };
