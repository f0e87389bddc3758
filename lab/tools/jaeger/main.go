// Jaeger's collector, its query service and its store in memory as one program.
//
// Jaeger's own program has every store that there is, and takes four times as long to build.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	collector "github.com/jaegertracing/jaeger/cmd/collector/app"
	collectorflags "github.com/jaegertracing/jaeger/cmd/collector/app/flags"
	query "github.com/jaegertracing/jaeger/cmd/query/app"
	"github.com/jaegertracing/jaeger/cmd/query/app/querysvc"
	"github.com/jaegertracing/jaeger/pkg/config"
	"github.com/jaegertracing/jaeger/pkg/healthcheck"
	"github.com/jaegertracing/jaeger/pkg/jtracer"
	"github.com/jaegertracing/jaeger/pkg/metrics"
	"github.com/jaegertracing/jaeger/pkg/telemetery"
	"github.com/jaegertracing/jaeger/pkg/tenancy"
	"github.com/jaegertracing/jaeger/plugin/storage/memory"
	"go.uber.org/zap"
)

// How many traces are kept: the last ones.
const mostTraces = 10_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "jaeger:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	logger, err := zap.NewProduction()
	if err != nil {
		return err
	}
	collecting, querying, err := options(logger)
	if err != nil {
		return err
	}

	store := memory.NewFactoryWithConfig(memory.Configuration{MaxTraces: mostTraces}, metrics.NullFactory, logger)
	writer, err := store.CreateSpanWriter()
	if err != nil {
		return err
	}
	reader, err := store.CreateSpanReader()
	if err != nil {
		return err
	}
	dependencies, err := store.CreateDependencyReader()
	if err != nil {
		return err
	}

	health := healthcheck.New()
	tenants := tenancy.NewManager(&tenancy.Options{})
	takes := collector.New(&collector.CollectorParams{
		ServiceName:    "jaeger",
		Logger:         logger,
		MetricsFactory: metrics.NullFactory,
		SpanWriter:     writer,
		HealthCheck:    health,
		TenancyMgr:     tenants,
	})
	if err := takes.Start(collecting); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, takes.Close()) }()

	asks := querysvc.NewQueryService(reader, dependencies, querysvc.QueryServiceOptions{})
	told := telemetery.Setting{
		Logger:         logger,
		TracerProvider: jtracer.NoOp().OTEL,
		Metrics:        metrics.NullFactory,
		ReportStatus:   telemetery.HCAdapter(health),
	}
	answers, err := query.NewServer(asks, nil, querying, tenants, told)
	if err != nil {
		return err
	}
	if err := answers.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answers.Close()) }()
	<-ctx.Done()
	return nil
}

// options are Jaeger's own defaults but for where it listens: as with the published image, on the loopback interface
// unless JAEGER_LISTEN_HOST says otherwise.
func options(logger *zap.Logger) (*collectorflags.CollectorOptions, *query.QueryOptions, error) {
	host, told := os.LookupEnv("JAEGER_LISTEN_HOST")
	if !told {
		host = "127.0.0.1"
	}
	settings, command := config.Viperize(collectorflags.AddFlags, query.AddFlags)
	for name, port := range map[string]string{
		"collector.grpc-server.host-port": "14250",
		"collector.http-server.host-port": "14268",
		"collector.otlp.grpc.host-port":   "4317",
		"collector.otlp.http.host-port":   "4318",
		"collector.zipkin.host-port":      "9411",
		"query.grpc-server.host-port":     "16685",
		"query.http-server.host-port":     "16686",
	} {
		if err := command.Flags().Set(name, net.JoinHostPort(host, port)); err != nil {
			return nil, nil, err
		}
	}
	collecting, err := new(collectorflags.CollectorOptions).InitFromViper(settings, logger)
	if err != nil {
		return nil, nil, err
	}
	querying, err := new(query.QueryOptions).InitFromViper(settings, logger)
	return collecting, querying, err
}
