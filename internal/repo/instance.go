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
	depth  int     // of models that it is made of; 0 as a rule

	uses atomic.Int64  // requests inside, plus retired once nobody gets in
	idle chan struct{} // closed when it is retired and the last has left

	loading sync.Once
	settled chan struct{} // closed when loading has ended, or will not begin
	stop    context.CancelFunc
	stopped context.Context // done when the instance is retired
}

// retired is more than there can be requests.
const retired = 1 << 62

func newInstance(number string, server *v2.Server, st *states) *instance {
	in := &instance{number: number, server: server, states: st, idle: make(chan struct{}), settled: make(chan struct{})}
	in.stopped, in.stop = context.WithCancel(context.Background())
	return in
}

// acquire lets a request in unless the instance is retired.
func (in *instance) acquire() bool {
	for {
		n := in.uses.Load()
		if n >= retired {
			return false
		}
		if in.uses.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (in *instance) release() { in.left(in.uses.Add(-1)) }

func (in *instance) left(uses int64) {
	if uses == retired {
		close(in.idle)
	}
}

// retire lets nobody in any more and stops loading. It is called once, when
// something else can be found in the instance's place.
func (in *instance) retire() {
	in.left(in.uses.Add(retired))
	in.stop()
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

// close closes the model when loading has ended and the last request has left,
// however long they take. The instance must be retired.
func (in *instance) close() (err error) {
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
