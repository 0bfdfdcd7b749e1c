package repo

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/v2"
)

// Options say how models are served. The zero value has the defaults.
type Options struct {
	Catalog *catalog.Set // has the runtimes; nil means catalog.Default
	// Env is what the models share. Its Open opens their files. If it is Async
	// they load in the background.
	Env *catalog.Env
	// Made is told of every server of a model, before that is loaded; may be nil.
	Made func(*v2.Server)
}

// A Repository serves the models under one path. It implements [v2.Models], is
// safe for concurrent use, and its readers never wait: what they find is an
// immutable table that loading and unloading replace.
type Repository struct {
	root  string
	set   *catalog.Set
	env   catalog.Env
	made  func(*v2.Server)
	table atomic.Pointer[table]

	life context.Context // done at Close
	end  context.CancelFunc

	mu      sync.Mutex // guards replacing the table, and what follows
	started bool
	closed  bool
	locks   map[string]*lock // of names that are being loaded or unloaded
	work    sync.WaitGroup   // loading, unloading and what is left behind by it
}

// New returns a repository of what [Scan] finds under root. Nothing is loaded
// before Start.
func New(root string, o Options) (*Repository, error) {
	if o.Catalog == nil {
		o.Catalog = catalog.Default
	}
	if o.Env == nil {
		o.Env = &catalog.Env{}
	}
	r := &Repository{root: root, set: o.Catalog, env: *o.Env, made: o.Made, locks: map[string]*lock{}}
	if r.env.Logger == nil {
		r.env.Logger = slog.New(slog.DiscardHandler)
	}
	index, err := Scan(root, r.set)
	if err != nil {
		return nil, err
	}
	r.life, r.end = context.WithCancel(context.Background())
	t := &table{}
	for _, entry := range index.Models {
		m, err := r.build(entry)
		if err != nil {
			return nil, err
		}
		for _, in := range m.instances {
			in.count()
		}
		t = t.with(entry.Name, m)
	}
	r.table.Store(t)
	return r, nil
}

// Start loads every version of every model, as many at a time as there are
// processors: before it returns, or in the background when the environment is
// asynchronous. A model that fails does not stop the others and is no error;
// its reason stands in [Repository.Status].
func (r *Repository) Start(ctx context.Context) error {
	all, ok := r.begin()
	if !ok {
		return nil
	}
	if r.env.Async {
		go func() {
			defer r.work.Done()
			r.loadAll(context.WithoutCancel(ctx), all)
		}()
		return nil
	}
	defer r.work.Done()
	r.loadAll(ctx, all)
	return ctx.Err()
}

// begin returns what is to be loaded at the start, for the first that asks. The
// caller ends the work.
func (r *Repository) begin() (all []*instance, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started || r.closed {
		return nil, false
	}
	r.started = true
	r.work.Add(1)
	for _, m := range r.table.Load().all() {
		for _, in := range m.instances {
			in.tell()
			all = append(all, in)
		}
	}
	// What others are made of comes first, so that nobody waits for it in its place.
	slices.SortStableFunc(all, func(a, b *instance) int { return a.depth - b.depth })
	return all, true
}

// loadAll loads instances, as many at a time as there are processors, and
// returns when all have ended. With ctx or at Close they end sooner, and those
// that have not begun do not begin.
func (r *Repository) loadAll(ctx context.Context, all []*instance) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.life, cancel)()
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, in := range all {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			in.load(ctx)
			continue
		}
		wg.Go(func() {
			defer func() { <-slots }()
			in.load(ctx)
			r.log(ctx, in)
		})
	}
	wg.Wait()
}

// log tells of an instance that failed, unless loading was given up.
func (r *Repository) log(ctx context.Context, in *instance) {
	st := in.server.Status()
	if st.Phase != v2.Failed || ctx.Err() != nil {
		return
	}
	logger := r.env.Logger.With("model", in.server.Name)
	if in.number != "" {
		logger = logger.With("version", in.number)
	}
	logger.Error("model failed to load", "error", st.Err)
}

// Close lets requests inside finish and releases every model. Requests that
// come later are told that their model is not ready. When ctx ends before the
// last request has, Close returns its error, and what is left is released when
// that request is done. It may be called twice and without Start.
func (r *Repository) Close(ctx context.Context) error {
	leaving, err := r.close()
	for _, done := range leaving {
		err = also(err, wait(ctx, done))
	}
	idle := make(chan error, 1)
	go func() {
		r.work.Wait()
		idle <- nil
	}()
	return also(err, wait(ctx, idle))
}

// close takes every model out of service. The channels tell when they are gone.
func (r *Repository) close() (leaving []<-chan error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, nil
	}
	r.closed = true
	r.end()
	for _, m := range r.table.Load().all() {
		rest, failed := r.unloaded(m.entry)
		if failed != nil {
			err = also(err, failed)
			continue
		}
		r.swap(m.entry.Name, rest)
		leaving = append(leaving, r.drain(m))
	}
	return leaving, err
}
