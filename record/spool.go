package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Folder is where records go that a stream does not take. It is safe for
// concurrent use.
type Folder interface {
	// Path is the folder's, which need not be there.
	Path() string
	// Claim makes sure that no other process uses the folder. It is called before
	// anything is made there, and may be called often.
	Claim() error
}

// A spool keeps chunks in files, in their order. A file has a head and then frames:
//
//	head  = magic:8 done:8          done is where the frames begin that are left
//	frame = length:4 checksum:4 records:4 chunk
//
// Numbers are little-endian; the checksum is that of the chunk, CRC-32C. The file
// <number>.records comes after those of smaller numbers. What a crash tore off at
// the end of a file is left out. Files outlive the process, not a power cut: that takes
// what is in memory, too, and who waited for the disk would fill memory meanwhile. It
// is safe for concurrent use.
type spool struct {
	folder Folder // nil keeps nothing
	limit  int64

	mu    sync.Mutex
	files []*spoolFile // the first is read, the last written
	bytes int64
	frame []byte // memory for one
}

type spoolFile struct {
	number  uint64
	path    string
	f       *os.File
	at, end int64 // frames that are left are from at to end
	records int
	whole   bool // nothing is written to it any more
}

const (
	spoolMagic  = "leatrec1"
	spoolHead   = 16
	frameHead   = 12
	maxFile     = 8 << 20
	maxFrame    = 1 << 30
	firstNumber = 1 << 32
	suffix      = ".records"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errNoSpool says that chunks cannot be kept in files, for good.
var errNoSpool = errors.New("there is no folder for records")

// open finds what another process has left. It makes nothing.
func (s *spool) open() (records int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folder == nil {
		return 0, nil
	}
	list, err := os.ReadDir(s.folder.Path())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !slices.ContainsFunc(list, isSpoolFile) {
		return 0, nil
	}
	if err == nil {
		err = s.folder.Claim()
	}
	if err != nil {
		return 0, fmt.Errorf("read the records that were kept: %w", err)
	}
	var broken []error
	for _, e := range list {
		if !isSpoolFile(e) {
			continue
		}
		f, err := readSpoolFile(filepath.Join(s.folder.Path(), e.Name()))
		if err != nil {
			broken = append(broken, err)
			continue
		}
		s.files = append(s.files, f)
		s.bytes += f.end
		records += f.records
	}
	slices.SortFunc(s.files, func(a, b *spoolFile) int { return strings.Compare(filepath.Base(a.path), filepath.Base(b.path)) })
	return records, errors.Join(broken...)
}

func isSpoolFile(e fs.DirEntry) bool {
	return e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) && len(e.Name()) == len(fileName(0))
}

func fileName(number uint64) string { return fmt.Sprintf("%020d%s", number, suffix) }

// readSpoolFile looks at the frames of a file, without what is in them.
func readSpoolFile(path string) (*spoolFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	s := &spoolFile{path: path, f: f, whole: true}
	if s.number, err = strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), suffix), 10, 64); err == nil {
		err = s.scan()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return s, nil
}

func (s *spoolFile) scan() error {
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	var head [spoolHead]byte
	if _, err := s.f.ReadAt(head[:], 0); err != nil || string(head[:8]) != spoolMagic {
		return errors.New("it is no file of records, or of another version")
	}
	done := binary.LittleEndian.Uint64(head[8:])
	if done < spoolHead || done > uint64(info.Size()) {
		return errors.New("its head is damaged")
	}
	s.at, s.end = int64(done), int64(done)
	for {
		size, records, _, err := s.frame(s.end, info.Size())
		if err != nil {
			return nil //nolint:nilerr // torn off
		}
		s.end += frameHead + size
		s.records += records
	}
}

// frame reads the head of the frame at a place of a file that ends at end.
func (s *spoolFile) frame(at, end int64) (size int64, records int, sum uint32, err error) {
	var head [frameHead]byte
	if at+frameHead > end {
		return 0, 0, 0, io.EOF
	}
	if _, err := s.f.ReadAt(head[:], at); err != nil {
		return 0, 0, 0, err
	}
	size = int64(binary.LittleEndian.Uint32(head[:]))
	n := binary.LittleEndian.Uint32(head[8:])
	if size > maxFrame || at+frameHead+size > end || int64(n) > size {
		return 0, 0, 0, io.ErrUnexpectedEOF
	}
	return size, int(n), binary.LittleEndian.Uint32(head[4:]), nil
}

// append keeps chunks behind all others. It returns how many it has kept.
func (s *spool) append(chunks []*chunk) (kept int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range chunks {
		f, err := s.last()
		if err == nil {
			err = s.write(f, c)
		}
		if err != nil {
			return kept, err
		}
		kept++
	}
	return kept, nil
}

// prepend keeps chunks in front of all others.
func (s *spool) prepend(chunks []*chunk) (kept int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := uint64(firstNumber)
	if len(s.files) > 0 {
		number = s.files[0].number - 1
	}
	f, err := s.create(number)
	if err != nil {
		return 0, err
	}
	s.files = slices.Insert(s.files, 0, f)
	for _, c := range chunks {
		if err := s.write(f, c); err != nil {
			return kept, err
		}
		kept++
	}
	f.whole = len(s.files) > 1
	return kept, nil
}

// last is the file to write to.
func (s *spool) last() (*spoolFile, error) {
	number := uint64(firstNumber)
	if n := len(s.files); n > 0 {
		f := s.files[n-1]
		if !f.whole && f.end < maxFile {
			return f, nil
		}
		number = f.number + 1
		f.whole = true
	}
	f, err := s.create(number)
	if err == nil {
		s.files = append(s.files, f)
	}
	return f, err
}

func (s *spool) create(number uint64) (*spoolFile, error) {
	if s.folder == nil {
		return nil, errNoSpool
	}
	if err := s.folder.Claim(); err != nil {
		return nil, err
	}
	dir := s.folder.Path()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f := &spoolFile{number: number, path: filepath.Join(dir, fileName(number)), at: spoolHead, end: spoolHead}
	var err error
	if f.f, err = os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, err
	}
	if _, err = f.f.Write(append([]byte(spoolMagic), spoolHead, 0, 0, 0, 0, 0, 0, 0)); err != nil {
		return nil, errors.Join(err, f.f.Close(), os.Remove(f.path))
	}
	s.bytes += f.end
	return f, nil
}

// write appends what is left of a chunk to a file, or nothing.
func (s *spool) write(f *spoolFile, c *chunk) error {
	data, records := c.data, c.records
	if len(c.sent) > 0 {
		data, records = unsent(c)
	}
	size := int64(frameHead + len(data))
	if s.bytes+size > s.limit {
		return fmt.Errorf("the records in files take %d bytes, of at most %d", s.bytes, s.limit)
	}
	if cap(s.frame) > 4*chunkSize { // once there was a large record
		s.frame = nil
	}
	frame := binary.LittleEndian.AppendUint32(s.frame[:0], uint32(len(data)))
	frame = binary.LittleEndian.AppendUint32(frame, crc32.Checksum(data, castagnoli))
	frame = binary.LittleEndian.AppendUint32(frame, uint32(records))
	frame = append(frame, data...)
	s.frame = frame
	if _, err := f.f.WriteAt(frame, f.end); err != nil {
		return errors.Join(err, f.f.Truncate(f.end))
	}
	f.end += size
	f.records += records
	s.bytes += size
	return nil
}
