package tracing

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// tellEvery is how often the log is told that spans are lost.
const tellEvery = time.Minute

// A queue is where spans wait to be sent: a batch processor of the SDK with room
// that is counted, so that it can be told what is lost. It is both what ended
// spans are given to, and what the processor sends batches with.
type queue struct {
	exporter sdktrace.SpanExporter
	next     sdktrace.SpanProcessor
	room     int64
	logger   *slog.Logger

	waiting            atomic.Int64 // spans that have ended and are neither sent nor lost
	sent, full, failed atomic.Uint64
	closed             atomic.Bool

	life    context.Context // of what is being sent
	abandon context.CancelFunc

	mu   sync.Mutex // guards what the log was told
	told uint64     // of the spans lost
	when time.Time
}

func newQueue(exporter sdktrace.SpanExporter, room int, logger *slog.Logger) *queue {
	if room <= 0 {
		room = DefaultQueue
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	q := &queue{exporter: exporter, room: int64(room), logger: logger}
	q.life, q.abandon = context.WithCancel(context.Background())
	q.next = sdktrace.NewBatchSpanProcessor(batches{q}, sdktrace.WithMaxQueueSize(room),
		func(o *sdktrace.BatchSpanProcessorOptions) { o.MaxExportBatchSize = min(o.MaxExportBatchSize, room) })
	return q
}

// OnStart implements [sdktrace.SpanProcessor].
func (*queue) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd implements [sdktrace.SpanProcessor].
func (q *queue) OnEnd(s sdktrace.ReadOnlySpan) {
	if q.waiting.Add(1) > q.room || q.closed.Load() {
		q.waiting.Add(-1)
		q.full.Add(1)
		return
	}
	q.next.OnEnd(s)
}

// ForceFlush implements [sdktrace.SpanProcessor].
func (q *queue) ForceFlush(ctx context.Context) error { return q.next.ForceFlush(ctx) }

// Shutdown implements [sdktrace.SpanProcessor].
func (q *queue) Shutdown(ctx context.Context) error {
	q.closed.Store(true)
	err := q.next.Shutdown(ctx)
	q.abandon()
	if err == nil {
		q.tell(nil, true)
	}
	return err
}

// batches is the queue as its processor sees it.
type batches struct{ *queue }

// ExportSpans implements [sdktrace.SpanExporter]. What cannot be sent is lost,
// and no error.
func (b batches) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.life, cancel)()
	err := b.exporter.ExportSpans(ctx, spans)
	b.waiting.Add(-int64(len(spans)))
	if err != nil {
		b.failed.Add(uint64(len(spans)))
	} else {
		b.sent.Add(uint64(len(spans)))
	}
	b.tell(err, false)
	return nil
}

// Shutdown implements [sdktrace.SpanExporter].
func (b batches) Shutdown(ctx context.Context) error { return b.exporter.Shutdown(ctx) }

// tell logs what was lost since it last did, now or if that is long ago. It is
// called by who sends, so that no request waits for the log.
func (q *queue) tell(err error, now bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lost := q.full.Load() + q.failed.Load()
	if lost == q.told || !now && !q.when.IsZero() && time.Since(q.when) < tellEvery {
		return
	}
	attrs := []slog.Attr{slog.Uint64("spans", lost-q.told)}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	q.logger.LogAttrs(context.Background(), slog.LevelWarn, "traces are lost", attrs...)
	q.told, q.when = lost, time.Now()
}
