package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fortio.org/fortio/fhttp"
)

// What came of a load. Durations are in microseconds, each of them kept: no buckets.
type result struct {
	Requests int     `json:"requests"`
	Errors   int64   `json:"errors"`
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50"`
	P90      float64 `json:"p90"`
	P99      float64 `json:"p99"`
}

// Sends requests over kept connections for a while. With a rate, they come as if from many users who know nothing of each
// other, whether those before are answered or not; a request that had to wait for a connection has waited.
func load(url string, connections int, rate float64, duration time.Duration) (*result, error) {
	clients := make([]fhttp.Fetcher, connections)
	for i := range clients {
		client, err := fhttp.NewClient(fhttp.NewHTTPOptions(url))
		if err != nil {
			return nil, err
		}
		defer client.Close()
		clients[i] = client
	}
	// The first request of a connection pays for it, in each sidecar on the way.
	for _, client := range clients {
		for range 20 {
			if code, _, _ := client.StreamFetch(context.Background()); code != 200 {
				return nil, fmt.Errorf("%s answers %d", url, code)
			}
		}
	}

	begun := time.Now()
	end := begun.Add(duration)
	next := whenAnswered(end)
	if rate > 0 {
		next = atRate(begun, end, rate)
	}
	var failed atomic.Int64
	var group sync.WaitGroup
	taken := make([][]time.Duration, connections)
	for i, client := range clients {
		group.Go(func() {
			for {
				start, more := next()
				if !more {
					return
				}
				if code, _, _ := client.StreamFetch(context.Background()); code != 200 {
					failed.Add(1)
				}
				taken[i] = append(taken[i], time.Since(start))
			}
		})
	}
	group.Wait()
	seconds := time.Since(begun).Seconds()

	all := slices.Concat(taken...)
	if len(all) == 0 {
		return nil, errors.New("nothing was sent")
	}
	slices.Sort(all)
	at := func(share float64) float64 { return float64(all[int(share*float64(len(all)-1))].Nanoseconds()) / 1000 }
	return &result{len(all), failed.Load(), seconds, at(0.5), at(0.9), at(0.99)}, nil
}

// Tells when the next request begins; waits until then.
type pace func() (start time.Time, more bool)

func whenAnswered(end time.Time) pace {
	return func() (time.Time, bool) {
		now := time.Now()
		return now, now.Before(end)
	}
}

// Pauses are drawn from the exponential distribution. What a timer is late by is not the mesh's doing: a request begins
// when it is due only where every connection was busy then, and else when it is sent.
func atRate(begun, end time.Time, rate float64) pace {
	var lock sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	due := begun
	return func() (time.Time, bool) {
		lock.Lock()
		due = due.Add(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
		mine := due
		lock.Unlock()
		if mine.After(end) {
			return mine, false
		}
		if pause := time.Until(mine); pause > 0 {
			time.Sleep(pause)
			return time.Now(), true
		}
		return mine, true
	}
}
