// cert-manager's parts as one program: it runs the part it is named after, as a link to it is.
//
// Their own mains are modules that are not published. Of the issuers it has those that work without anybody else's
// service; ACME, Vault and Venafi would take several times as long to build.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/spf13/pflag"
	logsapi "k8s.io/component-base/logs/api/v1"
	ctrl "sigs.k8s.io/controller-runtime"
)

var parts = map[string]func(context.Context, []string) error{
	"controller":      controllerPart,
	"webhook":         webhookPart,
	"cainjector":      cainjectorPart,
	"startupapicheck": startupAPICheckPart,
}

func main() {
	if err := run(filepath.Base(os.Args[0]), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cert-manager:", err)
		os.Exit(1)
	}
}

func run(name string, args []string) error {
	part, known := parts[name]
	if !known {
		return fmt.Errorf("no part is named %q", name)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logf.InitLogs()
	defer logf.FlushLogs()
	ctrl.SetLogger(logf.Log)
	return part(logf.NewContext(ctx, logf.Log, name), args)
}

// parse reads flags, those of logging among them, and refuses any it does not know.
func parse(args []string, define func(*pflag.FlagSet)) (*pflag.FlagSet, error) {
	logging := logsapi.NewLoggingConfiguration()
	flags := pflag.NewFlagSet("cert-manager", pflag.ContinueOnError)
	logf.AddFlagsNonDeprecated(logging, flags)
	flags.Lookup("v").NoOptDefVal = "2"
	define(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return flags, logf.ValidateAndApply(logging)
}
