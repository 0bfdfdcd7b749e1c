package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/leat-ml/leat/bench/proc"
	"github.com/leat-ml/leat/bench/vanish"
	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
)

// What is measured of a server that nobody asks any more.
type figures struct {
	cpu        map[vanish.Kind]time.Duration // a request, the median of rounds
	rate       map[vanish.Kind]float64       // requests a second, one after the other, the median of rounds
	goroutines int
	resident   int64
	waited     time.Duration // until they were so
}

// measured are the kinds of which requests are timed.
var measured = []vanish.Kind{vanish.JSON, vanish.Binary, vanish.GRPC}

// An asker asks one request in the way of its kind.
type asker struct {
	kind vanish.Kind
	ask  func(context.Context) error
}

// askers are for a kind each; done closes their connections.
func (s *server) askers(req *client.Request) (all []asker, done func(), err error) {
	asJSON, err1 := client.New(s.at.HTTP, &client.Options{Encoding: client.JSON})
	asBytes, err2 := client.New(s.at.HTTP, &client.Options{Encoding: client.Binary})
	overGRPC, err3 := clientgrpc.New(s.at.GRPC, nil)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, nil, err
	}
	with := func(infer func(context.Context, *client.Request) (*client.Response, error)) func(context.Context) error {
		return func(ctx context.Context) error { _, err := infer(ctx, req); return err }
	}
	done = func() { _ = errors.Join(asJSON.Close(), asBytes.Close(), overGRPC.Close()) }
	return []asker{{vanish.JSON, with(asJSON.Infer)}, {vanish.Binary, with(asBytes.Infer)}, {vanish.GRPC, with(overGRPC.Infer)}}, done, nil
}

// warm has the server be asked by as many clients as will go away at a time, so that it
// has the memory that this takes by the time it is measured.
func (s *server) warm(ctx context.Context, c config, req *client.Request) error {
	all, done, err := s.askers(req)
	if err != nil {
		return err
	}
	defer done()
	failures := make(chan error, c.atATime)
	var wg sync.WaitGroup
	for i := range c.atATime {
		wg.Go(func() {
			for range 10 {
				if err := all[i%len(all)].ask(ctx); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failures)
	return <-failures
}

// rest is how long a server is given to be as it was: Go collects garbage every two
// minutes at the latest, and gives its memory back bit by bit.
const rest = 4 * time.Minute

// measure asks, and then looks at the server when it is at rest: when it has no more
// goroutines and memory than before.
func (s *server) measure(ctx context.Context, c config, req *client.Request, before *figures) (*figures, error) {
	system, err := proc.System()
	if err != nil {
		return nil, err
	}
	f := &figures{cpu: map[vanish.Kind]time.Duration{}, rate: map[vanish.Kind]float64{}}
	if err := s.time(ctx, c, req, system, f); err != nil {
		return nil, err
	}
	for begun := time.Now(); ; time.Sleep(500 * time.Millisecond) {
		if f.goroutines, err = s.goroutines(ctx); err != nil {
			return nil, err
		}
		u, err := proc.Read(system, s.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		f.resident = u.Resident
		f.waited = time.Since(begun)
		if before == nil && f.waited > 5*time.Second || before != nil && f.stays(before) == nil || f.waited > rest {
			return f, nil
		}
	}
}

func (s *server) time(ctx context.Context, c config, req *client.Request, system fs.FS, f *figures) error {
	all, done, err := s.askers(req)
	if err != nil {
		return err
	}
	defer done()
	cpu, rate := map[vanish.Kind][]time.Duration{}, map[vanish.Kind][]float64{}
	for range c.rounds {
		for _, a := range all {
			before, err := proc.Read(system, s.cmd.Process.Pid)
			if err != nil {
				return err
			}
			begun := time.Now()
			for range c.requests {
				if err := a.ask(ctx); err != nil {
					return err
				}
			}
			took := time.Since(begun)
			after, err := proc.Read(system, s.cmd.Process.Pid)
			if err != nil {
				return err
			}
			cpu[a.kind] = append(cpu[a.kind], proc.CPUBetween(before, after)/time.Duration(c.requests))
			rate[a.kind] = append(rate[a.kind], float64(c.requests)/took.Seconds())
		}
	}
	for _, a := range all {
		f.cpu[a.kind], f.rate[a.kind] = median(cpu[a.kind]), median(rate[a.kind])
	}
	return nil
}

func median[T time.Duration | float64](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

// What may be more than before: a connection that is about to end, a collection of
// garbage that is about to come, a machine that does something else.
const (
	moreGoroutines = 8
	moreResident   = 48 << 20
	moreCPU        = 1.25
)

// stays says what has not gone.
func (f *figures) stays(before *figures) error {
	var errs []error
	if f.goroutines > before.goroutines+moreGoroutines {
		errs = append(errs, fmt.Errorf("%d goroutines stay, and %d were there before", f.goroutines, before.goroutines))
	}
	if f.resident > before.resident+moreResident {
		errs = append(errs, fmt.Errorf("%d MB stay, and %d were there before", f.resident>>20, before.resident>>20))
	}
	return errors.Join(errs...)
}

// compare prints what was before and is now, and returns what is worse.
func (f *figures) compare(before *figures) error {
	errs := []error{f.stays(before)}
	fmt.Printf("%-34s %12s %12s %8s\n", "", "before", "after", "ratio")
	for _, kind := range measured {
		ratio := float64(f.cpu[kind]) / float64(before.cpu[kind])
		fmt.Printf("%-34s %12v %12v %8.3f\n", "CPU of the server a request, "+kind, before.cpu[kind].Round(time.Microsecond), f.cpu[kind].Round(time.Microsecond), ratio)
		if ratio > moreCPU {
			errs = append(errs, fmt.Errorf("%s costs %.2f of what it did", kind, ratio))
		}
	}
	for _, kind := range measured {
		fmt.Printf("%-34s %12.0f %12.0f %8.3f\n", "requests a second, "+kind, before.rate[kind], f.rate[kind], f.rate[kind]/before.rate[kind])
	}
	fmt.Printf("%-34s %12d %12d %8.3f\n", "memory, MB", before.resident>>20, f.resident>>20, float64(f.resident)/float64(before.resident))
	fmt.Printf("%-34s %12d %12d\n\n", "goroutines", before.goroutines, f.goroutines)
	fmt.Printf("memory and goroutines are those of %v after the last request\n", f.waited.Round(time.Second))
	return errors.Join(errs...)
}
