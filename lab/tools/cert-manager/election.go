package main

import (
	"time"

	"github.com/spf13/pflag"
)

type election struct {
	enabled                   bool
	namespace                 string
	lease, renew, retryPeriod time.Duration
}

// define takes the flags that the chart passes; the defaults are cert-manager's.
func (e *election) define(flags *pflag.FlagSet) {
	flags.BoolVar(&e.enabled, "leader-elect", true, "")
	flags.StringVar(&e.namespace, "leader-election-namespace", "kube-system", "")
	flags.DurationVar(&e.lease, "leader-election-lease-duration", 60*time.Second, "")
	flags.DurationVar(&e.renew, "leader-election-renew-deadline", 40*time.Second, "")
	flags.DurationVar(&e.retryPeriod, "leader-election-retry-period", 15*time.Second, "")
}
