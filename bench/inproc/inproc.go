// Package inproc measures leat without a socket: bytes in, bytes out, through
// router, model, codec, deadline, metrics and record, next to encoding/json
// reading the same body in the same process. Allocations are exact and travel;
// of the time, the ratio to the reference does.
package inproc

import (
	"encoding/json"
	"runtime"
	"syscall"
	"time"
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

// Compare measures op and reference in turn, round by round, about a cell long
// each.
func Compare(rounds int, cell time.Duration, op, reference func() error) (ours, refs []Cost, err error) {
	first, err := Measure(1000, op)
	if err != nil {
		return nil, nil, err
	}
	n := max(1000, int(cell/max(first.Wall, time.Nanosecond)))
	for range rounds {
		for _, side := range []struct {
			op    func() error
			costs *[]Cost
		}{{op, &ours}, {reference, &refs}} {
			cost, err := Measure(n, side.op)
			if err != nil {
				return nil, nil, err
			}
			*side.costs = append(*side.costs, cost)
		}
	}
	return ours, refs, nil
}
