package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
)

// The environment is that of services/simulator, as far as it matters here.
type hop struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Answers at once, or when the next stages have.
func serve() error {
	var hops []hop
	if text := os.Getenv("NEXT_HOPS"); text != "" {
		if err := json.Unmarshal([]byte(text), &hops); err != nil {
			return fmt.Errorf("NEXT_HOPS: %w", err)
		}
	}
	// Callers decide how many connections there are; a pool that is too small would open one for each request.
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}}
	answer := []byte("ok\n")

	mux := http.NewServeMux()
	ready := func(response http.ResponseWriter, _ *http.Request) { _, _ = response.Write(answer) }
	mux.HandleFunc("/healthz", ready)
	mux.HandleFunc("/readyz", ready)
	mux.HandleFunc("/metrics", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		for _, next := range hops {
			if err := call(client, request, next.URL); err != nil {
				http.Error(response, fmt.Sprintf("%s: %v", next.Name, err), http.StatusBadGateway)
				return
			}
		}
		_, _ = response.Write(answer)
	})

	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// Asks the next stage for what was asked of this one: its callers may ask for no more than they are let in for.
func call(client *http.Client, request *http.Request, hop string) error {
	next, err := url.Parse(hop)
	if err != nil {
		return err
	}
	next.Path = request.URL.Path
	forwarded, err := http.NewRequestWithContext(request.Context(), request.Method, next.String(), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(forwarded)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", next, response.StatusCode)
	}
	return nil
}
