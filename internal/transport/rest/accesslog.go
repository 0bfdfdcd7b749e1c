package rest

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// An AccessMode chooses which requests are logged.
type AccessMode int

// The modes of an access log.
const (
	AccessOff    AccessMode = iota
	AccessErrors            // answers with a status of 500 and more, and streams that end so
	AccessAll
)

// ParseAccessMode reads "off", "errors" or "all".
func ParseAccessMode(s string) (AccessMode, error) {
	switch strings.ToLower(s) {
	case "off":
		return AccessOff, nil
	case "errors":
		return AccessErrors, nil
	case "all":
		return AccessAll, nil
	}
	return AccessOff, fmt.Errorf("access log %q: choose off, errors or all", s)
}

// AccessOptions are how an [AccessLog] writes. The zero value logs nothing.
type AccessOptions struct {
	Mode AccessMode
	JSON bool // lines of JSON instead of key=value
	// Buffer is how many bytes may wait to be written, 0 for a mebibyte. Lines
	// that do not fit are dropped and counted.
	Buffer int
}

const (
	defaultAccessBuffer = 1 << 20
	accessInterval      = 100 * time.Millisecond
)

// An AccessLog writes a line for every request, in batches and from a goroutine
// of its own, so that a slow writer never holds up a request. It is safe for
// concurrent use. Start must be called before the first request, Close after
// the last.
type AccessLog struct {
	w    io.Writer
	opts AccessOptions
	wake chan struct{} // half of the buffer is full
	quit chan struct{}
	done sync.WaitGroup

	mu      sync.Mutex
	lines   []byte
	dropped uint64 // in all
	told    uint64 // of those, written about
	failed  error  // of the last write
}

// NewAccessLog returns a log that writes to w. Only one goroutine at a time
// calls w.
func NewAccessLog(w io.Writer, o AccessOptions) *AccessLog {
	if o.Buffer <= 0 {
		o.Buffer = defaultAccessBuffer
	}
	return &AccessLog{w: w, opts: o, wake: make(chan struct{}, 1), quit: make(chan struct{})}
}

// Start starts to write.
func (l *AccessLog) Start() {
	l.done.Go(l.run)
}

// Close writes what is left and returns the error of the last write.
func (l *AccessLog) Close() error {
	close(l.quit)
	l.done.Wait()
	return l.failed
}

// Dropped is the number of lines that did not fit.
func (l *AccessLog) Dropped() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// wants says whether an answer of that status is logged.
func (l *AccessLog) wants(status int) bool {
	return l.opts.Mode == AccessAll || l.opts.Mode == AccessErrors && status >= 500
}

// worst is the status by which a request is judged: a stream that fails has been
// answered 200 before.
func (t *told) worst() int { return max(t.status, t.failed) }

// add logs the request.
func (l *AccessLog) add(c *call) {
	if !l.wants(c.worst()) {
		return
	}
	var room [256]byte
	l.write(appendLine(room[:0], c, l.opts.JSON))
}

// write adds a line to those that wait, if there is room for it.
func (l *AccessLog) write(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.lines)
	if before+len(line) > l.opts.Buffer {
		l.dropped++
		return
	}
	l.lines = append(l.lines, line...)
	if half := l.opts.Buffer / 2; before < half && len(l.lines) >= half {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (l *AccessLog) run() {
	tick := time.NewTicker(accessInterval)
	defer tick.Stop()
	var spare []byte
	for {
		select {
		case <-tick.C:
		case <-l.wake:
		case <-l.quit:
			l.flush(spare)
			return
		}
		spare = l.flush(spare)
	}
}

// flush writes what waits and returns the buffer that it was in. Requests go on
// in spare meanwhile.
func (l *AccessLog) flush(spare []byte) []byte {
	l.mu.Lock()
	lines := l.lines
	lost := l.dropped - l.told
	l.lines, l.told = spare[:0], l.dropped
	l.mu.Unlock()
	if lost > 0 {
		lines = appendLost(lines, lost, l.opts.JSON)
	}
	if len(lines) > 0 {
		_, l.failed = l.w.Write(lines)
	}
	return lines
}
