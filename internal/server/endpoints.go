package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/internal/telemetry"
)

// OpenEndpoints opens the database of model endpoints. Where nothing has been
// written yet and write is false it may return nil, and nothing is made.
type OpenEndpoints func(ctx context.Context, write bool) (endpoint.Store, error)

// How often what has come to models is looked at and written down.
const (
	sampleEvery = time.Second
	flushEvery  = 3 * time.Second
	// retryMost is how long a database that fails is left alone, at most.
	retryMost = time.Minute
)

// databaseTime bounds one turn with the database, which nobody waits for but who
// asks for records or shuts the server down. Tests are more patient.
var databaseTime = 15 * time.Second

// A keeper keeps the records of the models that are served, beside the requests:
// it reads the counters that the metrics have, and writes what has changed. What
// fails is logged and serving goes on; the next turn writes what the last one could
// not.
type keeper struct {
	core   *Core
	open   OpenEndpoints
	logger *slog.Logger
	usage  func(name, version string) (telemetry.Usage, bool) // nil counts nothing

	starting sync.Mutex         // guards stop and ended
	stop     context.CancelFunc // nil until it has begun
	ended    bool               // it does not begin any more
	working  sync.WaitGroup

	mu      sync.Mutex // guards all of the following, and is held for a turn
	store   endpoint.Store
	tracked map[string]*tracked // by uid
	stats   statistics
	said    map[string]bool // what has been logged of models that get no record
	failing string          // the error that was logged last; "" while it works
	retryAt time.Time
	pause   time.Duration
	closed  bool
}

// A userOf tells what has come to models.
type userOf interface {
	Usage(name, version string) (telemetry.Usage, bool)
}

// newKeeper returns what keeps the records of c, nil where none are kept.
func newKeeper(core *Core) *keeper {
	c := &core.cfg
	if !c.keepsEndpoints() {
		return nil
	}
	k := &keeper{core: core, open: c.Endpoints, logger: c.Logger, tracked: map[string]*tracked{}, stats: statistics{}, said: map[string]bool{}}
	if u, ok := c.Recorder.(userOf); ok {
		k.usage = u.Usage
	}
	return k
}

// keepsEndpoints says whether models have records: with a database, and mocks only
// if their models are tracked.
func (c *Config) keepsEndpoints() bool {
	tracking := c.Spec != nil && c.Spec.TrackModels
	return c.Endpoints != nil && (!c.Mock || tracking)
}

// begin starts to keep records, the first of them at once in the background.
func (k *keeper) begin() {
	if k == nil {
		return
	}
	k.starting.Lock()
	defer k.starting.Unlock()
	if k.stop != nil || k.ended { // who closes may have no time to wait for the start
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	k.stop = cancel
	k.working.Go(func() { k.work(ctx) })
}

func (k *keeper) work(ctx context.Context) {
	sample, flush := time.NewTicker(sampleEvery), time.NewTicker(flushEvery)
	defer sample.Stop()
	defer flush.Stop()
	_ = k.turn(ctx) // is logged, here and below
	for {
		select {
		case <-ctx.Done():
			return
		case <-sample.C:
			k.mu.Lock()
			k.sample(time.Now())
			k.mu.Unlock()
		case <-flush.C:
			_ = k.turn(ctx)
		}
	}
}

// turn writes what has changed.
func (k *keeper) turn(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return errDraining
	}
	now := time.Now()
	k.sample(now)
	if now.Before(k.retryAt) {
		return errors.New(k.failing)
	}
	return k.outcome(k.write(ctx, now, k.core.current.Load()))
}

// write brings the records of a generation up to date.
func (k *keeper) write(ctx context.Context, now time.Time, g *generation) error {
	ctx, cancel := context.WithTimeout(ctx, databaseTime)
	defer cancel()
	changes := k.changes(g)
	k.sample(now) // of models that are new, too: what has come to them is in the record that is read next
	traffic := k.traffic(now)
	if len(changes) == 0 && len(traffic) == 0 {
		return nil
	}
	if err := k.connect(ctx, true); err != nil {
		return err
	}
	for _, t := range changes {
		if err := k.store.Change(ctx, t.record.Metadata.UID, t.merge); err != nil {
			return err
		}
		t.written = true
	}
	if len(changes) > 0 {
		traffic = k.traffic(now) // of those that were not there before, too
	}
	if err := k.store.Record(ctx, traffic); err != nil {
		return err
	}
	for i := range traffic {
		k.tracked[traffic[i].UID].recorded(traffic[i].Rates)
	}
	return nil
}

// connect opens the database, unless it is open.
func (k *keeper) connect(ctx context.Context, write bool) (err error) {
	if k.store == nil {
		k.store, err = k.open(ctx, write)
	}
	return err
}

// outcome logs a failure the first time, and that it is over. A database that has
// failed is opened anew, after a while.
func (k *keeper) outcome(err error) error {
	switch {
	case err == nil:
		if k.failing != "" {
			k.logger.Info("the records of model endpoints are kept again")
		}
		k.failing, k.pause, k.retryAt = "", 0, time.Time{}
		return nil
	case errors.Is(err, context.Canceled):
		return err
	}
	if text := err.Error(); text != k.failing {
		k.failing = text
		k.logger.Error("model endpoints are not recorded; serving goes on", "error", err)
	}
	k.release()
	k.pause = min(max(2*k.pause, flushEvery), retryMost)
	k.retryAt = time.Now().Add(k.pause)
	for _, t := range k.tracked {
		t.written = false // it may be another database when it is back
	}
	return err
}

func (k *keeper) release() {
	if k.store == nil {
		return
	}
	if err := k.store.Close(); err != nil {
		k.logger.Debug("the database of model endpoints does not close", "error", err)
	}
	k.store = nil
}

// settle writes how the models are while they are still there; what comes until
// close is counted.
func (k *keeper) settle(ctx context.Context) {
	if k == nil || !k.end() {
		return
	}
	k.mu.Lock()
	k.retryAt = time.Time{} // the last chance
	k.mu.Unlock()
	_ = k.turn(ctx)
}

// end ends what keeps the records, for good, and says whether there was anything.
func (k *keeper) end() bool {
	k.starting.Lock()
	defer k.starting.Unlock()
	k.ended = true
	if k.stop == nil {
		return false
	}
	k.stop()
	k.working.Wait()
	return true
}

// close writes what has come since, and lets go of the database.
func (k *keeper) close(ctx context.Context) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	k.sample(now)
	if k.store != nil {
		ctx, cancel := context.WithTimeout(ctx, databaseTime)
		defer cancel()
		_ = k.outcome(k.store.Record(ctx, k.traffic(now)))
	}
	k.release()
	k.closed = true
}

// read runs do with records that are up to date. The store is nil where there are
// none.
func (k *keeper) read(ctx context.Context, write bool, do func(endpoint.Store) error) error {
	if err := k.turn(ctx); err != nil {
		return err
	}
	k.mu.Lock()
	err := k.connect(ctx, write)
	s := k.store
	k.mu.Unlock()
	if err != nil {
		return err
	}
	return do(s)
}
