// Package inproc measures leat without a socket: bytes in, bytes out, through
// router, model, codec, deadline, metrics and record, next to encoding/json
// reading the same body in the same process. Allocations are exact and travel;
// of the time, the ratio to the reference does.
package inproc

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/leat-ml/leat/bench/echo"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Cost is what one operation takes.
type Cost struct {
	CPU    time.Duration // of the whole process, collector included, by getrusage
	Wall   time.Duration
	Allocs float64
	Bytes  float64
}

// Measure runs op n times, behind a tenth of that to warm up, and returns the
// mean cost of one. It does so on one processor, as on a machine that is busy:
// with another one idle, the collector spends that one's time too, as much as it
// likes.
func Measure(n int, op func() error) (Cost, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := repeat(n/10+1, op); err != nil {
		return Cost{}, err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, wall := ownCPU(), time.Now()
	err := repeat(n, op)
	elapsed, used := time.Since(wall), ownCPU()-cpu
	runtime.ReadMemStats(&after)
	return Cost{
		CPU: used / time.Duration(n), Wall: elapsed / time.Duration(n),
		Allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}, err
}

func repeat(n int, op func() error) error {
	for range n {
		if err := op(); err != nil {
			return err
		}
	}
	return nil
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for a valid pointer
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Reference reads body with encoding/json into a struct made for it.
func Reference(body []byte) func() error {
	return func() error {
		var req struct {
			Inputs []struct {
				Name, Datatype string
				Shape          []int
				Data           []float32
			}
		}
		return json.Unmarshal(body, &req)
	}
}

// Echo asks the echo server of bench/echo in process. stop releases it and
// fails when an inference was not counted and recorded.
func Echo(ctx context.Context, path string, body []byte) (op, stop func() error, err error) {
	srv, counter, err := echo.New()
	if err != nil {
		return nil, nil, err
	}
	if err := srv.Start(ctx); err != nil {
		return nil, nil, err
	}
	target := serve.Target{Method: "POST", Path: path}
	var out []byte
	asked := int64(0)
	op = func() error {
		asked++
		ev, err := srv.Serve(ctx, serve.NewEvent(target, body))
		if err != nil {
			return err
		}
		out, err = oip.AppendBody(out[:0], ev.Body)
		return err
	}
	stop = func() error {
		if r, i := counter.Records.Load(), counter.Inferences.Load(); r != asked || i != asked {
			return fmt.Errorf("%d inferences were asked for, %d counted, %d recorded", asked, i, r)
		}
		return srv.Close(ctx)
	}
	return op, stop, nil
}
