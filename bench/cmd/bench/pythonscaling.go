package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// busyLoop is what the model Busy computes, for some seconds, without any server. It
// tells how often a second.
const busyLoop = `
import sys, time

def predict():
    n = 0
    for i in range(100000):
        n += i & 3
    return n

predict()
begin, times = time.perf_counter(), 0
while time.perf_counter() < begin + float(sys.argv[1]):
    predict()
    times += 1
print(times / (time.perf_counter() - begin))
`

// scaling is how many times as much two processes of Python's get done as one, at
// best: processors that share a core, or a machine with others, do not give 2.
func (b *bench) scaling(ctx context.Context) (float64, error) {
	var most [2]float64
	for range 2 * b.rounds {
		for i := range most {
			rate, err := b.busyProcesses(ctx, i+1)
			if err != nil {
				return 0, err
			}
			most[i] = max(most[i], rate)
		}
	}
	return most[1] / most[0], nil
}

// busyProcesses is how often a second n processes compute in all.
func (b *bench) busyProcesses(ctx context.Context, n int) (all float64, err error) {
	rates, errs := make([]float64, n), make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			out, err := exec.CommandContext(ctx, b.leatPython, "-c", busyLoop, fmt.Sprint(b.length.Seconds()/4)).Output()
			if err == nil {
				rates[i], err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			}
			errs[i] = err
		})
	}
	running.Wait()
	for i := range n {
		if errs[i] != nil {
			return 0, fmt.Errorf("compute in a bare process: %w", errs[i])
		}
		all += rates[i]
	}
	return all, nil
}

// tellScaling says what two workers could be to one on this machine: as much as two
// bare processes, less the time of the server and of the generator.
func (b *bench) tellScaling(ctx context.Context, two *entrant, faster float64) error {
	bare, err := b.scaling(ctx)
	if err != nil {
		return err
	}
	workers, all := over(two.cells, two.workers).median, over(two.cells, two.cpu).median+over(two.cells, two.generator).median
	most := min(bare*workers/all, bare)
	fmt.Fprintf(b.out, "two bare processes are %.2f times one; the server and the generator take %.1f%% of the CPU, so %.2f is the most there can be, and this is %.0f%% of it\n",
		bare, 100*(1-workers/all), most, 100*faster/most)
	return nil
}
