package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cert-manager/cert-manager/pkg/util/cmapichecker"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
)

const pause = time.Second

// startupAPICheckPart takes the arguments "check api --wait=…" of the chart's hook.
func startupAPICheckPart(ctx context.Context, args []string) error {
	var wait time.Duration
	flags, err := parse(args, func(flags *pflag.FlagSet) {
		flags.DurationVar(&wait, "wait", 0, "")
	})
	if err != nil {
		return err
	}
	if words := flags.Args(); len(words) != 2 || words[0] != "check" || words[1] != "api" {
		return fmt.Errorf("only \"check api\" is known, not %q", words)
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	checker, err := cmapichecker.New(config, os.Getenv("POD_NAMESPACE"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		failure := checker.Check(ctx)
		if failure == nil {
			fmt.Println("The cert-manager API is ready")
			return nil
		}
		select {
		case <-ctx.Done():
			return failure
		case <-time.After(pause):
		}
	}
}
