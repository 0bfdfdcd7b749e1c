package remote

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// BenchmarkCall compares a call of the step with one of a bare http.Client, in
// turns within one run: the medians of both, and what the step takes besides.
func BenchmarkCall(b *testing.B) {
	url := upstream(b, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"outputs": [[1, 2, 3]]}`)
	})
	const body = `{"id": "a", "inputs": [[1.5, 2.5, 3.5, 4.5]]}`
	s := build(b, "$remote", m{"url": url}, nil)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	bare := http.Client{Transport: transport}
	ctx := context.Background()
	calls := []func(){
		func() {
			req, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader([]byte(body)))
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := bare.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				b.Fatal(err)
			}
			resp.Body.Close()
		},
		func() {
			ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/"}, []byte(body))
			if _, err := s.Do(ctx, ev); err != nil {
				b.Fatal(err)
			}
		},
	}
	took, cpu := [2][]time.Duration{}, [2]time.Duration{}
	for b.Loop() {
		for i, call := range calls {
			begin, used := time.Now(), processTime(b)
			call()
			took[i] = append(took[i], time.Since(begin))
			cpu[i] += processTime(b) - used
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	n := len(took[0])
	b.ReportMetric(float64(took[0][n/2].Nanoseconds()), "bare-ns")
	b.ReportMetric(float64(took[1][n/2].Nanoseconds()), "step-ns")
	b.ReportMetric(float64(cpu[1])/float64(cpu[0]), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

// processTime is the CPU time of the process, both ends of the calls included.
func processTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
