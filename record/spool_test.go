package record

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// spooled is a spool with chunks of one record each, their text being the number.
func spooled(t *testing.T, dir string, from, to int) *spool {
	t.Helper()
	s := &spool{folder: &folder{path: dir}, limit: 1 << 30}
	if _, err := s.open(); err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		if n, err := s.append([]*chunk{{data: []byte{byte(i)}, records: 1}}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	return s
}

// drain delivers all of a spool.
func drain(t *testing.T, s *spool) (got []byte, lost int, err error) {
	t.Helper()
	for {
		c, gone, bad := s.next()
		lost += gone
		err = errors.Join(err, bad)
		if c == nil {
			return got, lost, err
		}
		got = append(got, c.data...)
		s.done(c)
	}
}

func TestSpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := spooled(t, dir, 10, 20)
	if c, _, err := s.next(); err != nil || c.data[0] != 10 {
		t.Fatal(c, err)
	} else {
		s.done(c)
	}
	if n, err := s.prepend([]*chunk{{data: []byte{8}, records: 1}, {data: []byte{9}, records: 1}}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	s = spooled(t, dir, 20, 22) // of another process, behind what is there
	if n := len(s.files); n != 3 {
		t.Errorf("%d files", n)
	}
	got, lost, err := drain(t, s)
	want := []byte{8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}
	if !bytes.Equal(got, want) || lost != 0 || err != nil || s.size() != 0 {
		t.Errorf("%v, lost %d, error %v, %d bytes", got, lost, err, s.size())
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("files %v, error %v", list, err)
	}
}

// TestTorn has a crash tear off the end of a file at every place: what is whole is
// delivered.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	s := spooled(t, dir, 0, 3)
	path := s.files[0].path
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const frame = frameHead + 1
	for size := spoolHead; size <= len(whole); size++ {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		s := &spool{folder: &folder{path: dir}, limit: 1 << 30}
		records, err := s.open()
		want := (size - spoolHead) / frame
		if records != want || err != nil {
			t.Fatalf("%d bytes: %d records, error %v, want %d", size, records, err, want)
		}
		got, lost, err := drain(t, s)
		if !bytes.Equal(got, []byte{0, 1, 2}[:want]) || lost != 0 || err != nil {
			t.Fatalf("%d bytes: %v, lost %d, error %v", size, got, lost, err)
		}
	}
}

// TestDamaged has single bytes of a file turned over: nothing wrong is delivered, and
// no file that is no spool's is touched.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	s := spooled(t, dir, 0, 3)
	path := s.files[0].path
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(other, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := slices.Clone(whole)
		damaged[i] ^= 0x41
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s := &spool{folder: &folder{path: dir}, limit: 1 << 30}
		records, openErr := s.open()
		got, lost, err := drain(t, s)
		for j := 1; j < len(got); j++ {
			if got[j] <= got[j-1] {
				t.Fatalf("byte %d: delivered %v", i, got)
			}
		}
		if len(got) > 3 || len(got)+lost != records || len(got) == 3 && openErr == nil && err == nil && i >= spoolHead && (i-spoolHead)%(frameHead+1) < 8 {
			t.Fatalf("byte %d: delivered %v, lost %d of %d, errors %v, %v", i, got, lost, records, openErr, err)
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "x" {
		t.Error(text, err)
	}
}

// TestManyFiles has more than a file holds.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	s := &spool{folder: &folder{path: dir}, limit: 1 << 30}
	const n, size = 30, 1 << 20
	for i := range n {
		if _, err := s.append([]*chunk{{data: bytes.Repeat([]byte{byte(i)}, size), records: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.files) < n*size/maxFile {
		t.Errorf("%d files", len(s.files))
	}
	got, _, err := drain(t, s)
	if err != nil || len(got) != n*size {
		t.Fatal(len(got), err)
	}
	for i := range n {
		if got[i*size] != byte(i) {
			t.Fatalf("chunk %d is %d", i, got[i*size])
		}
	}
}
