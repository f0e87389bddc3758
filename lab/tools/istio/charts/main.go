// Writes the Helm charts that Istio's Go module embeds to a folder: charts DIR makes DIR/{base,istiod,cni,gateway}.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"istio.io/istio/manifests"
)

// folders of the module, by the names the charts are published under.
var charts = map[string]string{
	"base":    "charts/base",
	"istiod":  "charts/istio-control/istio-discovery",
	"cni":     "charts/istio-cni",
	"gateway": "charts/gateway",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: charts DIR")
		os.Exit(2)
	}
	for name, folder := range charts {
		if err := write(folder, filepath.Join(os.Args[1], name)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func write(folder, target string) error {
	chart, err := fs.Sub(manifests.FS, folder)
	if err != nil {
		return err
	}
	return os.CopyFS(target, chart)
}
