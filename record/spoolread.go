package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
)

// A kept chunk is one of a spool that is being delivered.
type kept struct {
	chunk
	end int64 // where its frame ends in the first file
}

// empty says whether there is nothing to deliver.
func (s *spool) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first() == nil
}

// first is the file that has the next frame; files that are done with are removed.
// The lock is held.
func (s *spool) first() *spoolFile {
	for len(s.files) > 0 {
		f := s.files[0]
		if f.at < f.end {
			return f
		}
		s.drop()
	}
	return nil
}

// drop removes the first file. The lock is held.
func (s *spool) drop() {
	f := s.files[0]
	s.files = s.files[1:]
	s.bytes -= f.end
	_ = errors.Join(f.f.Close(), os.Remove(f.path)) // what stays is delivered again
}

// next reads the first chunk. lost is how many records were in frames that are
// damaged, which are passed over.
func (s *spool) next() (c *kept, lost int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		f := s.first()
		if f == nil {
			return nil, lost, err
		}
		size, records, sum, bad := f.frame(f.at, f.end)
		if bad != nil { // scan and write have seen that there is one
			err = fmt.Errorf("%s: %w", f.path, bad)
			lost += f.records
			f.at, f.records = f.end, 0
			continue
		}
		data := make([]byte, size)
		_, bad = f.f.ReadAt(data, f.at+frameHead)
		if bad == nil && crc32.Checksum(data, castagnoli) != sum {
			bad = errors.New("a part of it is damaged")
		}
		if bad == nil {
			return &kept{chunk{data: data, records: records}, f.at + frameHead + size}, lost, err
		}
		err = fmt.Errorf("%s: %w", f.path, bad)
		lost += records
		s.advance(f, f.at+frameHead+size, records)
	}
}

// done says that the chunk which next returned is delivered.
func (s *spool) done(c *kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) > 0 {
		s.advance(s.files[0], c.end, c.records)
		s.first()
	}
}

// advance notes in the file how far it is delivered. The lock is held.
func (s *spool) advance(f *spoolFile, at int64, records int) {
	f.at = at
	f.records -= records
	if at < f.end {
		_, _ = f.f.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(at)), 8) // else it is delivered again
	}
}

// close lets go of the files, which stay.
func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first() // removes those that are done with
	var errs []error
	for i, f := range s.files {
		if i == len(s.files)-1 || i == 0 {
			errs = append(errs, f.f.Sync())
		}
		errs = append(errs, f.f.Close())
	}
	s.files = nil
	return errors.Join(errs...)
}

// size is how many bytes the files have.
func (s *spool) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// unsent is what is left of a chunk of which a part is delivered: its records one by
// one, those of a batch in one piece.
func unsent(c *chunk) (data []byte, records int) {
	rest := cursor{rest: c.data}
	place, batch := 0, 0
	for len(rest.rest) > 0 {
		begin := rest.rest
		kind := rest.byte()
		body := rest.text()
		entry := begin[:len(begin)-len(rest.rest)]
		switch {
		case kind == kindBatch:
			b := cursor{rest: body}
			if batch = int(b.number()); !c.sent[place] {
				data = append(data, entry...)
			}
			continue
		case kind == kindRecord:
			sent := c.sent[place]
			place++
			if batch > 0 {
				batch--
			}
			if sent {
				continue
			}
			records++
		}
		data = append(data, entry...)
	}
	return data, records
}
