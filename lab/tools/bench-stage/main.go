// A stage of the pipeline that takes no time, and the load that is put on it: what bench/overhead.ts measures with.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "load" {
		if err := serve(); err != nil {
			log.Fatal(err)
		}
		return
	}
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	url := flags.String("url", "", "where to send requests")
	connections := flags.Int("c", 1, "connections")
	rate := flags.Float64("rate", 0, "requests a second, come what may; 0: each connection sends when it is answered")
	duration := flags.Duration("t", time.Second, "how long")
	if err := flags.Parse(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
	result, err := load(*url, *connections, *rate, *duration)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}
