//go:build cgo && linux

package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/leat-ml/leat/runtime/trees"
)

// coresGoal is how many times faster two processors are to be than one.
const coresGoal = 1.8

// printCores compares one call of all rows on one processor and on two, by wall
// time; and, for what the machine can give, arithmetic in registers.
func printCores(c config, out io.Writer, size string) error {
	data, err := os.ReadFile(filepath.Join(c.data, size+".ubj"))
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	e, err := trees.Parse(data)
	if err != nil {
		return fmt.Errorf("parse model: %w", err)
	}
	rows, err := readRows(filepath.Join(c.data, size+"-full.f32"))
	if err != nil {
		return err
	}
	n := len(rows) / e.Info().Features
	dst := make([]float32, n*e.Width(trees.Margin))
	call := func() { err = trees.Predict(e, dst, rows, n, trees.Margin) }
	times, spins := [3]time.Duration{1: math.MaxInt64, 2: math.MaxInt64}, [3]time.Duration{1: math.MaxInt64, 2: math.MaxInt64}
	for range 3 * c.rounds {
		for _, processors := range []int{1, 2} {
			runtime.GOMAXPROCS(processors)
			times[processors] = min(times[processors], timed(call))
			spins[processors] = min(spins[processors], timed(func() { spin(processors) }))
		}
	}
	runtime.GOMAXPROCS(1)
	if err != nil {
		return err
	}
	ratio := float64(times[1]) / float64(times[2])
	fmt.Fprintf(out, "%d rows in one call: %v on one processor, %v on two: %.2f times as fast (registers alone: %.2f)\n",
		n, times[1], times[2], ratio, float64(spins[1])/float64(spins[2]))
	if ratio < coresGoal {
		fmt.Fprintf(out, "MISSED: two processors are %.2f times as fast as one, not %g\n", ratio, coresGoal)
	}
	return nil
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// spin does work that needs no memory, divided among goroutines.
func spin(goroutines int) {
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			x := uint64(1)
			for range 4_000_000 / goroutines {
				x ^= x << 13
				x ^= x >> 7
				x ^= x << 17
			}
			runtime.KeepAlive(x)
		})
	}
	all.Wait()
}

// loadGoal is how many megabytes of UBJSON are to be loaded a second.
const loadGoal = 100

// printLoading measures how fast the models of a size are parsed, by the CPU
// time of this thread; what the collector does beside is not in it.
func printLoading(c config, out io.Writer, size string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, suffix := range []string{".ubj", ".txt"} {
		data, err := os.ReadFile(filepath.Join(c.data, size+suffix))
		if err != nil {
			return fmt.Errorf("read model: %w", err)
		}
		least := time.Duration(math.MaxInt64)
		for range 5 {
			debug.FreeOSMemory()
			start := threadCPU()
			if _, err := trees.Parse(data); err != nil {
				return fmt.Errorf("parse model: %w", err)
			}
			least = min(least, threadCPU()-start)
		}
		speed := float64(len(data)) / 1e6 / least.Seconds()
		fmt.Fprintf(out, "%s%s, %.1f MB: loaded at %.0f MB/s\n", size, suffix, float64(len(data))/1e6, speed)
		if suffix == ".ubj" && speed < loadGoal {
			fmt.Fprintf(out, "MISSED: %.0f MB/s, not %d\n", speed, loadGoal)
		}
	}
	return nil
}
