package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat/bench/proc"
	server "github.com/leat-ml/leat/bench/target"
	"github.com/leat-ml/leat/endpoint"
	_ "github.com/leat-ml/leat/endpoint/sqlite" // what leat serve keeps records in
)

// The goal of a list of so many model endpoints, in SQLite.
const (
	endpointsListed = 10_000
	endpointsMillis = 50
)

// A listing is what lists of one kind took.
type listing struct {
	name, url string
	took, cpu []time.Duration
}

// endpoints lists 10,000 model endpoints over the admin port of leat serve, beside
// a server that writes the same text from memory, without a database: the floor.
func (b *bench) endpoints(ctx context.Context) (err error) {
	count := endpointsListed
	if b.rounds == 1 {
		count = 100 // to see that it runs
	}
	if err := b.fillEndpoints(ctx, count); err != nil {
		return err
	}
	s, admin, err := b.startEndpoints(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	path := "http://" + admin + "/api/v1/projects/bench/model-endpoints"
	var text bytes.Buffer
	if err := get(ctx, path, &text); err != nil {
		return err
	}
	floor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(text.Bytes()) }))
	defer floor.Close()
	all := []*listing{{name: "floor", url: floor.URL}, {name: "all", url: path}, {name: "all projects", url: "http://" + admin + "/api/v1/projects/*/model-endpoints"}, {name: "page of 100", url: path + "?page-size=100"}}
	for range max(3, 8*b.rounds) {
		for _, l := range all {
			if err := b.list(ctx, s, l); err != nil {
				return err
			}
		}
	}
	return b.printEndpoints(count, text.Len(), all)
}

// fillEndpoints writes the records into the data folder of the server.
func (b *bench) fillEndpoints(ctx context.Context, count int) (err error) {
	if err := os.MkdirAll(b.endpointsFolder(), 0o700); err != nil {
		return err
	}
	s, err := endpoint.Open(ctx, "sqlite://"+filepath.Join(b.endpointsFolder(), "leat.db"), endpoint.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for i := range count {
		e, err := endpoint.New(fmt.Sprintf("bench/scoring-%d:v1", i%10), fmt.Sprintf("model-%05d:v%d", i, i%3))
		if err != nil {
			return err
		}
		e.Metadata.Labels = map[string]string{"team": fmt.Sprintf("team-%d", i%7)}
		e.Spec.ModelClass, e.Spec.ModelURI = "XGBoostModelServer", fmt.Sprintf("/srv/models/model-%05d/1/model.ubj", i)
		e.Spec.FeatureNames = []string{"sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm", "label"}
		e.Spec.LabelNames, e.Status.State = []string{"label"}, "READY"
		e.Status.FirstRequest, e.Status.LastRequest, e.Status.RequestCount = time.Now(), time.Now(), int64(i)
		e.Status.Metrics.Generic = endpoint.Rates{LatencyAvg1h: 123.25, PredictionsPerSecond: 1.5}
		if err := endpoint.Create(ctx, s, e); err != nil {
			return err
		}
	}
	return nil
}

// startEndpoints starts leat serve with those records, and returns its admin port.
func (b *bench) startEndpoints(ctx context.Context) (*server.Server, string, error) {
	trees, err := b.treeRepository()
	if err != nil {
		return nil, "", err
	}
	if err := b.build(ctx, "leat", "cmd/leat"); err != nil {
		return nil, "", err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, "", err
	}
	command := fmt.Sprintf("%s/leat serve --http 127.0.0.1:0 --admin %s --data %s %s", b.dir, admin, b.endpointsFolder(), trees)
	s, err := server.Start(ctx, "leat-serve", command, b.env()...)
	return s, admin, err
}

func (b *bench) endpointsFolder() string { return filepath.Join(b.dir, "endpoints") }

// list asks once, and keeps what it took, here and in the server.
func (b *bench) list(ctx context.Context, s *server.Server, l *listing) error {
	before, err := proc.Read(b.proc, s.PID)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := get(ctx, l.url, io.Discard); err != nil {
		return err
	}
	took := time.Since(start)
	after, err := proc.Read(b.proc, s.PID)
	l.took, l.cpu = append(l.took, took), append(l.cpu, proc.CPUBetween(before, after))
	return err
}

func (b *bench) printEndpoints(count, size int, all []*listing) error {
	fmt.Fprintf(b.out, "\nlists of %d model endpoints in SQLite, %.1f MB, %d of each\n", count, megabytes(int64(size)), len(all[0].took))
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "list\tms [min-max]\tserver CPU ms\tto floor\tgoal\t")
	floor := all[0].took
	for _, l := range all {
		ms := over(l.took, func(i int) float64 { return micros(l.took[i]) / 1000 })
		cpu := over(l.cpu, func(i int) float64 { return micros(l.cpu[i]) / 1000 })
		ratio := over(l.took, func(i int) float64 { return float64(l.took[i]) / float64(floor[i]) })
		goal := ""
		if strings.HasPrefix(l.name, "all") {
			goal = fmt.Sprintf("< %d ms %s", endpointsMillis, b.verdict(ms.median < endpointsMillis))
		}
		fmt.Fprintf(tw, "%s\t%.1f [%.1f-%.1f]\t%.1f\t%.2f\t%s\t\n", l.name, ms.median, ms.least, ms.most, cpu.median, ratio.median, goal)
	}
	return tw.Flush()
}

// get asks for a document and writes it to w.
func get(ctx context.Context, url string, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", url, resp.StatusCode)
	}
	_, err = io.Copy(w, resp.Body)
	return err
}
