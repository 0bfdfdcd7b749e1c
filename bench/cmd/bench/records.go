package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// recordConns are the connections that records are made over.
const recordConns = 16

// records measures what recording inferences costs, how many go through the embedded
// stream, and what an outage of a stream does.
func (b *bench) records(ctx context.Context) error {
	if err := b.build(ctx, "leat", "cmd/leat"); err != nil {
		return err
	}
	return errors.Join(b.recordCost(ctx), b.recordsThrough(ctx), b.recordOutage(ctx))
}

// recordRequests are one row of ten numbers, for the quickstart's diabetes model, in
// both dialects.
func recordRequests() []workload {
	row := []float64{0.038, 1, 0.0617, 0.0219, -0.0442, 0.0348, -0.0434, -0.0026, 0.0199, -0.0176}
	oip := infer("record-oip-1x10", "diabetes", 1, row, nil)
	oip.echo = nil
	mlrun := workload{name: "record-mlrun-1x10", path: oip.path, body: []byte(`{"inputs":[[`)}
	for i, v := range row {
		if i > 0 {
			mlrun.body = append(mlrun.body, ',')
		}
		mlrun.body = strconv.AppendFloat(mlrun.body, v, 'g', -1, 64)
	}
	mlrun.body = append(mlrun.body, `]]}`...)
	return []workload{mlrun, oip}
}

// recordingServer is a server whose inferences go to a stream; "" to none.
func (b *bench) recordingServer(name, admin, parameters string) (target, error) {
	trees, err := b.treeRepository()
	if err != nil {
		return target{}, err
	}
	dir := filepath.Join(b.dir, "records", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return target{}, err
	}
	spec := filepath.Join(dir, "spec.yaml")
	text := fmt.Sprintf("function_uri: bench/records\nmodels: %q\n%s\n", trees, parameters)
	if err := os.WriteFile(spec, []byte(text), 0o600); err != nil {
		return target{}, err
	}
	command := fmt.Sprintf("%s/leat serve --http 127.0.0.1:0 --grpc '' --admin %s --log-level error --data %s/data %s", b.dir, admin, dir, spec)
	return target{name: name, command: command}, nil
}

// recordCost drives servers that record and one that does not, which comes first; the
// last one does not either.
func (b *bench) recordCost(ctx context.Context) (err error) {
	var targets []target
	for _, s := range []struct{ name, parameters string }{
		{"off", ""},
		{"leat-embedded", "track_models: true"},
		{"embedded-json", "track_models: true\nparameters: {stream_args: {codec: json}}"},
		{"file", fmt.Sprintf("parameters: {log_stream: %q}", "file://"+filepath.Join(b.dir, "records.jsonl?sync=none"))},
		{"embedded-1in100", "track_models: true\nparameters: {log_stream_sample: 100}"},
		{"off-again", ""},
	} {
		t, err := b.recordingServer(s.name, "127.0.0.1:0", s.parameters)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	servers, stop, err := b.start(ctx, targets)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, w := range recordRequests() {
		if err := b.measure(ctx, w, recordConns, targets, servers); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	pick := []int{0, 1, len(targets) - 1}
	for _, w := range recordRequests() {
		if err := b.recordPairs(ctx, w, at(targets, pick), at(servers, pick)); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	least := math.Inf(1)
	for range max(3, b.rounds) {
		w := recordRequests()[0]
		c, err := b.cell(ctx, w.options(targets[0], servers[0].Addr), recordConns, servers[0].PID)
		if err != nil {
			return err
		}
		least = min(least, micros(c.serverCPU)/float64(max(c.OK(), 1)))
	}
	return b.recordInproc(ctx, least)
}

// at are the items in those places.
func at[T any](items []T, places []int) []T {
	var picked []T
	for _, p := range places {
		picked = append(picked, items[p])
	}
	return picked
}
