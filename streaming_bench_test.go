package leat_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// benchEvents is how many events a request has.
const benchEvents = 2000

// ticker answers with a number as often as benchEvents.
type ticker struct{ serve.OnlyStreams }

func (ticker) Stream(_ context.Context, _ *serve.Request, send func(any) error) error {
	for i := range benchEvents {
		if err := send([]int64{int64(i)}); err != nil {
			return err
		}
	}
	return nil
}

// plainEvents writes the same bytes, without leat.
func plainEvents(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	out := http.NewResponseController(w)
	for i := range benchEvents {
		_, _ = fmt.Fprintf(w, `data: {"id":"7","model_name":"t","outputs":[{"name":"output-0","shape":[1],"datatype":"INT64","data":[%d]}]}`+"\n\n", i)
		_ = out.Flush()
	}
}

// BenchmarkEvents compares the CPU of an event with that of net/http, where each
// writes the same, over loopback, one after the other: "ratio" is of the sums over the
// rounds, since systems count a process's time in ticks. The client is a part of both.
func BenchmarkEvents(b *testing.B) {
	set := catalog.Default.Clone()
	set.Add(v2.Class("Ticker", func() serve.Model { return ticker{} }))
	srv, err := leat.New(graph.NewRouter().AddModel("t", "Ticker", "", nil), &leat.Options{Catalog: set})
	if err == nil {
		err = srv.Start(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = srv.Close(context.Background()) }()
	ours, floor := httptest.NewServer(srv.Handler()), httptest.NewServer(http.HandlerFunc(plainEvents))
	defer ours.Close()
	defer floor.Close()
	var mine, theirs time.Duration
	for b.Loop() {
		mine += cpuOf(b, ours.URL+"/v2/models/t/infer_stream")
		theirs += cpuOf(b, floor.URL)
	}
	b.ReportMetric(float64(mine)/float64(max(theirs, 1)), "ratio")
	b.ReportMetric(float64(mine)/float64(b.N)/benchEvents, "cpu-ns/event")
}

// cpuOf is the CPU time of the process for one request, read to its end.
func cpuOf(b *testing.B, url string) time.Duration {
	b.Helper()
	before := cpu(b)
	r, err := http.Post(url, "application/json", strings.NewReader(`{"id":"7","inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[1]}]}`))
	if err != nil {
		b.Fatal(err)
	}
	lines, events := bufio.NewScanner(r.Body), 0
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), `data: {"id":"7","model_name":"t"`) {
			events++
		}
	}
	_ = r.Body.Close()
	if events != benchEvents {
		b.Fatalf("%d events, %v", events, lines.Err())
	}
	return cpu(b) - before
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
