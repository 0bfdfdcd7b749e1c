package repo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/v2"
)

// An instance is one version of a model, loaded once. It counts who uses it, so
// that it is closed when the last request has left and never earlier.
type instance struct {
	number string // of the version; "" for a model that was refused
	server *v2.Server
	states *states // what observers hear of it; nil if there are none

	// uses counts the requests inside, plus one until the instance is retired.
	uses atomic.Int64
	idle chan struct{} // closed when uses reaches zero

	loading sync.Once
	settled chan struct{} // closed when loading has ended, or will not begin
	stop    context.CancelFunc
	stopped context.Context // done when the instance is retired
}

func newInstance(number string, server *v2.Server, st *states) *instance {
	in := &instance{number: number, server: server, states: st, idle: make(chan struct{}), settled: make(chan struct{})}
	in.stopped, in.stop = context.WithCancel(context.Background())
	in.uses.Store(1)
	return in
}

// acquire lets a request in unless the instance is retired and empty.
func (in *instance) acquire() bool {
	for {
		n := in.uses.Load()
		if n == 0 {
			return false
		}
		if in.uses.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (in *instance) release() {
	if in.uses.Add(-1) == 0 {
		close(in.idle)
	}
}

// load loads the model, once: who comes later waits. How it went is in the
// server's status.
func (in *instance) load(ctx context.Context) {
	in.loading.Do(func() {
		defer close(in.settled)
		if in.stopped.Err() != nil || ctx.Err() != nil {
			_ = in.server.Close(context.Background()) // holds nothing yet
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(in.stopped, cancel)()
		_ = in.server.Start(ctx) // kept in its status
	})
}

// retire lets the requests inside finish and closes the model. It is called
// once, when nobody can find the instance any more. It waits for requests and
// for loading, which it stops, as long as they take.
func (in *instance) retire() (err error) {
	in.stop()
	in.release()
	in.settle()
	<-in.idle
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unload model %s: the model panicked: %v", in.server.Name, p)
		}
	}()
	return in.server.Close(context.Background())
}

// settle waits for the end of loading, or sees to it that it never begins.
func (in *instance) settle() {
	in.loading.Do(func() {
		defer close(in.settled)
		_ = in.server.Close(context.Background()) // holds nothing yet
	})
}

func (in *instance) phase() v2.Phase { return in.server.Status().Phase }
