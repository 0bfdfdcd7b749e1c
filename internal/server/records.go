package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	neturl "net/url"
	"slices"
	"strings"
	"sync"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/record/rows"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// Records is what recording inferences needs of the program.
type Records struct {
	Streams *stream.Mux // nil records nothing
	// Folder is where the records of a stream are kept while it does not take them;
	// nil keeps none.
	Folder func(name string) record.Folder
}

// recording is how a generation records inferences.
type recording struct {
	record.Config
	function, project string
	url               string // of the stream; "" records nothing
}

// openRecords makes what records the inferences of a generation, if its spec has
// inferences recorded, as MLRun does: with track_models or log_stream. Under MLRun's
// contract, records that have no stream to go to are no reason not to serve.
func (g *generation) openRecords() (problems []graph.Problem) {
	s := g.cfg.Spec
	if s == nil || g.cfg.pushers == nil {
		return nil
	}
	complain := func(param string, warning bool, format string, args ...any) {
		problems = append(problems, graph.Problem{
			File: s.File, Pos: s.ParamPos[param], Warning: warning, Msg: fmt.Sprintf(format, args...),
		})
	}
	config, errs := record.ConfigOf(s.Parameters)
	for _, err := range errs {
		param := ""
		if p := new(record.ParamError); errors.As(err, &p) {
			param = p.Param
		}
		complain(param, g.cfg.MLRun, "%v", err)
	}
	if len(errs) > 0 && !g.cfg.MLRun {
		return problems
	}
	r := recording{Config: config}
	if !s.TrackModels && config.Stream == "" {
		return problems
	}
	if s.FunctionURI == "" && g.cfg.MLRun {
		complain(record.ParamStream, true, "inferences are not recorded: MLRun records those of servers that have a function_uri")
		return problems
	}
	r.function, r.project = g.function(), "default"
	if f, err := endpoint.ParseFunction(r.function); err == nil {
		r.project = f.Project
	}
	if err := r.findStream(g.cfg.Records.Streams, s.StreamPath, g.cfg.MLRun); err != nil {
		complain(record.ParamStream, g.cfg.MLRun, "%v", err)
	}
	if r.url == "" || g.cfg.Mock && !inProcess(r.url) {
		return problems
	}
	g.recording = &r
	g.pusher = g.cfg.pushers.use(r)
	g.witness.log = g.pusher.Log(record.LogOptions{Function: r.function, Sample: r.Sample, Batch: r.Batch, Verbose: s.Verbose})
	return problems
}

// findStream finds the stream of the records: the one that log_stream names, or
// STREAM_PATH, or the project's own in the data folder. What MLRun's platform alone
// has is replaced by that too under MLRun's contract, with an error that says so.
func (r *recording) findStream(streams *stream.Mux, streamPath string, mlrun bool) (err error) {
	own := "nats:///" + record.OwnStream(r.project)
	wanted, what := record.StreamOf(r.Stream, r.project), record.ParamStream
	if r.Stream == "" {
		what = "STREAM_PATH"
		if wanted, err = record.MonitoringStream(r.project, streamPath); err == nil && streamPath == "" {
			wanted, what = own, "track_models"
		}
	}
	if err == nil {
		err = streams.Check(wanted)
	}
	if err == nil {
		r.url = wanted
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if !mlrun || wanted == own || streams.Check(own) != nil {
		return err
	}
	r.url = own
	return fmt.Errorf("%w; inferences are recorded in the data folder instead, in %s", err, own)
}

// inProcess says whether a stream ends with the process, so that a mock may use it.
func inProcess(rawURL string) bool {
	return strings.HasPrefix(rawURL, "mem:") || strings.HasPrefix(rawURL, "dummy:")
}

// compact says whether records go many in a message, in the compact code.
func (r *recording) compact() bool {
	if r.Codec != "" {
		return r.Codec == "compact"
	}
	u, err := neturl.Parse(r.url)
	return err == nil && u.Scheme == "nats" && u.Host == ""
}

// pushers are those of a server: one for each stream, which generations share, so
// that its records go on over a reload.
type pushers struct {
	cfg *Config

	mu  sync.Mutex
	all []*shared
}

// A shared pusher is closed by the last generation that uses it.
type shared struct {
	*record.Pusher
	of    *pushers
	url   string
	users int
	made  recording

	before []*shared     // of the same stream, which may not be closed yet
	closed chan struct{} // when it is

	starting sync.Mutex
	started  bool
}

func newPushers(c *Config) *pushers {
	if c.Records.Streams == nil {
		return nil
	}
	return &pushers{cfg: c}
}

// use returns the pusher of a stream. It is closed with [shared.release].
func (p *pushers) use(r recording) *shared {
	p.mu.Lock()
	defer p.mu.Unlock()
	var before []*shared
	for _, s := range p.all {
		if s.url == r.url {
			before = append(before, s)
		}
		if s.url == r.url && s.users > 0 {
			s.users++
			if s.made.Flush != r.Flush || s.made.Memory != r.Memory || s.made.Disk != r.Disk || s.made.Codec != r.Codec {
				p.cfg.Logger.Warn("what the spec says now of the memory, files, time and codec of records has an effect after a restart")
			}
			return s
		}
	}
	s := &shared{of: p, url: r.url, users: 1, made: r, before: before, closed: make(chan struct{})}
	s.Pusher = record.New(p.options(r))
	p.all = append(p.all, s)
	return s
}

func (p *pushers) options(r recording) record.Options {
	name := redacted(r.url)
	o := record.Options{
		Name: name, Memory: r.Memory, Disk: r.Disk, Flush: r.Flush, Compact: r.compact(), Logger: p.cfg.Logger,
		Open: func(ctx context.Context) (record.Topic, error) {
			return p.cfg.Records.Streams.Open(ctx, r.url, &stream.Options{Shards: r.Shards, Retention: r.Retention, Format: formatOf(r)})
		},
	}
	if r.Rows != "" {
		o.Rows = rows.New(rows.Options{
			Folder: strings.TrimPrefix(record.StreamOf(r.Rows, r.project), "file://"), Logger: p.cfg.Logger,
			UID: func(function, model, version string) (string, error) {
				return endpoint.UID(function, endpoint.ModelOf(model, version))
			},
		})
	}
	if f := p.cfg.Records.Folder; f != nil && !inProcess(r.url) {
		o.Folder = f(folderOf(r.url))
	}
	return o
}

// formatOf is Bare for JSON, which is all there is of a record.
func formatOf(r recording) stream.Format {
	if r.compact() {
		return stream.Native
	}
	return stream.Bare
}

// start starts the pusher, once: not before the one whose files it goes on with has left
// them.
func (s *shared) start(ctx context.Context) error {
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.started {
		return nil
	}
	for _, other := range s.before {
		if err := serve.Await(ctx, other.closed); err != nil {
			return fmt.Errorf("the records of %s that came before are still being delivered: %w", redacted(s.url), err)
		}
	}
	s.before = nil
	err := s.Start(ctx)
	s.started = err == nil
	return err
}

// Close implements closer: the last user closes the pusher.
func (s *shared) Close(ctx context.Context) error {
	s.of.mu.Lock()
	s.users--
	last := s.users == 0
	s.of.mu.Unlock()
	if !last {
		return nil
	}
	defer close(s.closed)
	return s.Pusher.Close(ctx)
}

// recordStreams are the streams of records that are in use, for the metrics.
func (c *Core) recordStreams() []telemetry.RecordStream {
	var list []telemetry.RecordStream
	for _, s := range c.cfg.pushers.list() {
		if s.inUse() {
			list = append(list, telemetry.RecordStream{Stream: redacted(s.url), Ledger: s.Ledger()})
		}
	}
	return list
}

// recordAttrs are the ledgers of all streams of records, as one, for the log; nothing
// where there are none.
func (c *Core) recordAttrs() []slog.Attr {
	all := c.cfg.pushers.list()
	if len(all) == 0 {
		return nil
	}
	var sum record.Ledger
	for _, s := range all {
		l := s.Ledger()
		sum.Accepted += l.Accepted
		sum.Delivered += l.Delivered
		sum.Dropped += l.Dropped
		sum.Queued += l.Pending()
	}
	return []slog.Attr{slog.Group("records", "accepted", sum.Accepted, "delivered", sum.Delivered, "dropped", sum.Dropped, "pending", sum.Queued)}
}

func (p *pushers) list() []*shared {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

func (s *shared) inUse() bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.users > 0
}
