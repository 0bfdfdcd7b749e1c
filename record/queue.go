package record

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/leat-ml/leat/serve"
)

const (
	// chunkSize is what a chunk takes of memory, unless one record is larger.
	chunkSize = 64 << 10
	// maxBatch is from how many bytes a batch goes although it is not full.
	maxBatch = 256 << 10
	// maxFree is how many chunks are kept for use again while there is nothing to do.
	// While there is, as many are as may be in memory, so that the collector has
	// nothing to do.
	maxFree = 16
	// spillChunks are how many chunks go to files at a time while the stream fails, or
	// has yet to take what is in files.
	spillChunks = 16
	// roomy is how many bytes may be in memory while there are files to take them.
	// What is alive there makes the collector let several times as much become of it.
	roomy = 4 << 20
)

// A chunk has records in the compact code, in the order in which they came.
type chunk struct {
	data    []byte
	held    int64 // bytes that it counts for
	records int
	// sent are the records that the stream has, by their place in the chunk, where
	// it has not taken all of them.
	sent map[int]bool

	sources, notes int   // that it has named
	base           int64 // microseconds that its times are relative to
	serial         uint64
}

// left is how many records the stream does not have.
func (c *chunk) left() int { return c.records - len(c.sent) }

// A queue holds records in memory. Its lock guards the whole ledger, so that it is
// balanced whenever somebody looks.
type queue struct {
	limit    int64
	recycles bool // memory of chunks, which nobody else holds on to

	mu      sync.Mutex
	ledger  Ledger
	tail    *chunk   // that is being filled; nil if none
	full    []*chunk // behind which it comes
	free    [][]byte // memory for others
	serial  uint64
	partial []*source // that have a batch which is not full
	moving  bool      // chunks are on their way to files, in front of those here
	asleep  bool      // somebody waits for records
	wake    chan struct{}
	crowded chan struct{} // more is in memory than has to be
	closed  bool
	failing bool // the stream does not take records
}

func (q *queue) init(limit int64) {
	q.limit = limit
	q.wake, q.crowded = make(chan struct{}, 1), make(chan struct{}, 1)
}

// A row is a record of a batch that is not full.
type row struct {
	notes *serve.Notes
	start int64 // microseconds since 1970
	end   int   // of its payload
}

// add takes a record that began so many microseconds after 1970. Its payload is copied.
func (q *queue) add(s *source, notes *serve.Notes, start int64, payload []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ledger.Accepted++
	if q.closed || !q.room(s, notes, len(payload)) {
		q.ledger.Dropped++
		return
	}
	q.put(s, notes, start, payload)
	q.ledger.Queued++
	q.rouse()
}

// gather takes a record for the batch of its source, which goes when it has size
// records.
func (q *queue) gather(s *source, notes *serve.Notes, start int64, payload []byte, size int, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ledger.Accepted++
	if q.closed || q.ledger.Bytes+int64(len(payload)) > q.limit {
		q.ledger.Dropped++
		return
	}
	if len(s.rows) == 0 {
		s.since = now
		q.partial = append(q.partial, s)
	}
	s.batch = append(s.batch, payload...)
	s.rows = append(s.rows, row{notes, start, len(s.batch)})
	q.ledger.Bytes += int64(len(payload))
	q.ledger.Queued++
	if len(s.rows) >= size || len(s.batch) >= maxBatch {
		q.release(s)
	}
	if len(s.rows) <= 1 { // whoever waits looks when it is time for it
		q.rouse()
	}
}

// release moves a batch into the queue. The lock is held.
func (q *queue) release(s *source) {
	for i := range q.partial {
		if q.partial[i] == s {
			q.partial = append(q.partial[:i], q.partial[i+1:]...)
			break
		}
	}
	q.ledger.Bytes -= int64(len(s.batch))
	need := len(s.batch) + len(s.rows)*(entryRoom+noteRoom) + entryRoom + s.size()
	for _, r := range s.rows {
		need += notesSize(r.notes)
	}
	if q.tail == nil || len(q.tail.data)+need > cap(q.tail.data) {
		q.begin(need)
	}
	q.name(s, nil)
	c := q.tail
	c.data = appendEntry(c.data, kindBatch, binary.AppendUvarint(nil, uint64(len(s.rows))))
	from := 0
	for _, r := range s.rows {
		q.put(s, r.notes, r.start, s.batch[from:r.end])
		from = r.end
	}
	s.batch, s.rows = s.batch[:0], s.rows[:0]
	if cap(s.batch) > maxBatch/4 {
		s.batch = nil
	}
}

// releaseBefore moves the batches into the queue that were begun before a time.
func (q *queue) releaseBefore(t time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := 0; i < len(q.partial); {
		if s := q.partial[i]; s.since.Before(t) {
			q.release(s) // which takes it out
			continue
		}
		i++
	}
}

// oldest is when the oldest batch was begun that is not full; zero if there is none.
// Who waits asks once take has found nothing: of batches that are begun from then on
// it is told.
func (q *queue) oldest() (since time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.partial {
		if since.IsZero() || s.since.Before(since) {
			since = s.since
		}
	}
	return since
}

// What the parts of an entry take at most beside its texts: kind, length, the numbers
// of its source and notes, and its time.
const (
	entryRoom = 1 + binary.MaxVarintLen32 + 2*binary.MaxVarintLen32 + binary.MaxVarintLen64
	noteRoom  = 1 + 3*binary.MaxVarintLen32
)

// room makes room for a record in the last chunk, or says that there is none. The
// lock is held.
func (q *queue) room(s *source, notes *serve.Notes, payload int) bool {
	need := payload + entryRoom
	if q.tail == nil || s.serial != q.tail.serial {
		need += s.size() + entryRoom
	}
	if notes != nil && (notes != s.notes || q.tail == nil || s.noteSerial != q.tail.serial) {
		need += notesSize(notes) + noteRoom
	}
	if q.tail != nil && len(q.tail.data)+need <= cap(q.tail.data) {
		return true
	}
	need = payload + 2*entryRoom + s.size() + notesSize(notes) + noteRoom // all of it, in a new one
	if q.ledger.Bytes+int64(max(need, chunkSize)) > q.limit {
		return false
	}
	q.begin(need)
	return true
}

// begin begins a chunk with so much room. The lock is held.
func (q *queue) begin(need int) {
	if q.tail != nil {
		q.full = append(q.full, q.tail)
	}
	q.serial++
	q.tail = &chunk{serial: q.serial}
	if need <= chunkSize {
		if n := len(q.free); n > 0 {
			q.tail.data, q.free = q.free[n-1], q.free[:n-1]
		}
		need = chunkSize
	}
	if q.tail.data == nil {
		q.tail.data = make([]byte, 0, need)
	}
	q.tail.held = int64(cap(q.tail.data))
	q.ledger.Bytes += q.tail.held
}

// put appends a record to the last chunk, which has room. The lock is held.
func (q *queue) put(s *source, notes *serve.Notes, start int64, payload []byte) {
	c := q.tail
	note := q.name(s, notes)
	if c.records == 0 {
		c.base = max(0, start)
		c.data = appendEntry(c.data, kindTime, binary.AppendUvarint(nil, uint64(c.base)))
	}
	when := uint64((start-c.base)<<1) ^ uint64((start-c.base)>>63)
	size := varintSize(uint64(s.number)) + varintSize(uint64(note)) + varintSize(when) + len(payload)
	c.data = binary.AppendUvarint(append(c.data, kindRecord), uint64(size))
	c.data = binary.AppendUvarint(binary.AppendUvarint(c.data, uint64(s.number)), uint64(note))
	c.data = binary.AppendUvarint(c.data, when)
	c.data = append(c.data, payload...)
	c.records++
}

// name names a source and its notes in the last chunk where they are not yet. It
// returns the number of the notes there.
func (q *queue) name(s *source, notes *serve.Notes) (note int) {
	c := q.tail
	if s.serial != c.serial {
		c.sources++
		s.serial, s.number = c.serial, c.sources
		c.data = appendEntry(c.data, kindSource, s.entry)
	}
	switch {
	case notes == nil:
		return 0
	case notes == s.notes && s.noteSerial == c.serial:
		return s.note
	}
	s.notes, s.noteSerial, s.note = notes, c.serial, 0
	if len(notes.Labels)+len(notes.Metrics) > 0 {
		c.notes++
		s.note = c.notes
		c.data = appendEntry(c.data, kindNotes, appendNotes(nil, notes))
	}
	return s.note
}

func appendEntry(dst []byte, kind byte, body []byte) []byte {
	return appendText(append(dst, kind), body)
}

func varintSize(n uint64) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// most is how many bytes are in memory where files take the others.
func (q *queue) most() int64 { return min(q.limit/2, roomy) }

// rouse tells who waits that there is something. The lock is held.
func (q *queue) rouse() {
	if q.asleep {
		q.asleep = false
		signal(q.wake)
	}
	if q.ledger.Bytes > q.most() || (q.failing || q.ledger.Spilled > 0) && len(q.full) >= spillChunks {
		signal(q.crowded)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take takes chunks out of the queue, the oldest first: about as many bytes as most,
// and the last one only if there is no other. Where there is nothing, wake gets a
// value when there is. later says that what is in files comes first.
func (q *queue) take(most int) (chunks []*chunk, later bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.moving || q.ledger.Spilled > 0 {
		return nil, true
	}
	if len(q.full) == 0 {
		if q.tail == nil || q.tail.records == 0 {
			q.asleep = true
			q.spare()
			return nil, false
		}
		c := q.tail
		q.tail = nil
		return []*chunk{c}, false
	}
	n, size := 0, 0
	for n < len(q.full) && (n == 0 || size+len(q.full[n].data) <= most) {
		size += len(q.full[n].data)
		n++
	}
	taken := append([]*chunk(nil), q.full[:n]...)
	q.full = append(q.full[:0], q.full[n:]...)
	return taken, false
}

// spare lets go of memory that has not been in use for a while. The lock is held.
func (q *queue) spare() {
	if n := len(q.free); n > maxFree {
		clear(q.free[maxFree:])
		q.free = q.free[:maxFree]
	}
}

// fail says whether the stream fails, so that chunks go to files as they are full.
func (q *queue) fail(fails bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failing = fails
}

// has says whether there are chunks that are full.
func (q *queue) has() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.full) > 0 && !q.moving
}

// gone says that chunks which take has returned hold no memory any more. Their
// records have been counted.
func (q *queue) gone(chunks []*chunk) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop(chunks)
}

func (q *queue) drop(chunks []*chunk) {
	for _, c := range chunks {
		q.ledger.Bytes -= c.held
		if q.recycles && int64(len(q.free)) < q.most()/chunkSize && cap(c.data) == chunkSize {
			q.free = append(q.free, c.data[:0])
		}
		c.data = nil
	}
}

// depart takes all chunks out of the queue, on their way to files, until arrive is
// called. all says that the last one goes too.
func (q *queue) depart(all bool) []*chunk {
	q.mu.Lock()
	defer q.mu.Unlock()
	chunks := q.full
	q.full = nil
	if all && q.tail != nil && q.tail.records > 0 {
		chunks = append(chunks, q.tail)
		q.tail = nil
	}
	q.moving = len(chunks) > 0
	return chunks
}

// arrive says how many of the chunks that depart has returned are in files; the
// others come back.
func (q *queue) arrive(chunks []*chunk, kept int) {
	q.kept(chunks[:kept])
	q.mu.Lock()
	defer q.mu.Unlock()
	q.full = append(chunks[kept:], q.full...)
	q.moving = false
	q.rouse()
}

// kept says that chunks which were taken out are in files.
func (q *queue) kept(chunks []*chunk) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range chunks {
		q.ledger.Queued -= int64(c.left())
		q.ledger.Spilled += int64(c.left())
	}
	q.drop(chunks)
}

// count changes the ledger.
func (q *queue) count(change func(l *Ledger)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(&q.ledger)
}

// close lets nothing more in, and moves the batches that are not full into the queue.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for len(q.partial) > 0 {
		q.release(q.partial[0])
	}
	q.asleep = false
	signal(q.wake)
}
