package record

import "testing"

// TestCrowded is when records that are in memory go to files: memory is filled only as
// far as it has to be.
func TestCrowded(t *testing.T) {
	large := make([]byte, chunkSize-1<<10) // nearly a chunk
	for _, tt := range []struct {
		name   string
		begin  func(q *queue)
		chunks int // that fill before anybody is told
	}{
		{"the stream takes records", func(*queue) {}, roomy/chunkSize + 1},
		{"it does not", func(q *queue) { q.fail(true) }, spillChunks + 1},
		{"there are some in files", func(q *queue) { q.count(func(l *Ledger) { l.Spilled = 1 }) }, spillChunks + 1},
		{"little memory", func(q *queue) { q.limit = 1 << 20 }, 1<<20/2/chunkSize + 1},
	} {
		var q queue
		q.init(DefaultMemory)
		tt.begin(&q)
		s, told := newSource(&LogOptions{}, &nobody), 0
		for n := 1; told == 0 && n < 1000; n++ {
			q.add(s, nil, 0, large)
			select {
			case <-q.crowded:
				told = n
			default:
			}
		}
		if told != tt.chunks {
			t.Errorf("%s: somebody is told at chunk %d, want %d", tt.name, told, tt.chunks)
		}
	}
}
