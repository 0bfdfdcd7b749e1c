package step

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/parquet"
	"github.com/leat-ml/leat/serve"
)

// A spool keeps the rows of one Parquet file on disk until all of them are
// known, and with them the kinds of its columns: a line of JSON for each. Its
// methods are called one at a time.
type spool struct {
	path  string // of the Parquet file
	tmp   *os.File
	kinds kinds
}

// spoolGroup is how many rows are read back at a time: a row group.
const spoolGroup = 20_000

// append adds rows.
func (s *spool) append(rows []parquetRow) error {
	if s.tmp == nil {
		tmp, err := os.CreateTemp(filepath.Dir(s.path), "."+filepath.Base(s.path)+".*")
		if err != nil {
			return fmt.Errorf("keep rows of Parquet: %w", err)
		}
		s.tmp = tmp
	}
	var lines []byte
	for _, r := range rows {
		var err error
		if lines, err = oip.AppendValue(lines, serve.NewObject(r.cells...)); err != nil {
			return fmt.Errorf("keep rows of Parquet: %w", err)
		}
		lines = append(lines, '\n')
	}
	end, err := s.tmp.Seek(0, io.SeekEnd)
	if err == nil {
		if _, err = s.tmp.Write(lines); err != nil {
			err = errors.Join(err, s.tmp.Truncate(end))
		}
	}
	if err != nil {
		return fmt.Errorf("keep rows of Parquet: %w", err)
	}
	for _, r := range rows {
		s.kinds.see(r.cells)
	}
	return nil
}

// finish writes the file of all rows. Without rows there is none.
func (s *spool) finish() error {
	if s.tmp == nil {
		return nil
	}
	rows := s.tmp
	s.tmp = nil
	out, err := os.CreateTemp(filepath.Dir(s.path), "."+filepath.Base(s.path)+".*")
	if err == nil {
		err = finish(out, s.path, s.copy(rows, out))
	}
	err = errors.Join(err, rows.Close())
	if err != nil {
		return fmt.Errorf("write Parquet: %w; the rows are in %s, a line of JSON each", err, rows.Name())
	}
	return os.Remove(rows.Name())
}

// copy writes the rows as Parquet, a group at a time.
func (s *spool) copy(rows io.ReadSeeker, out io.Writer) error {
	if _, err := rows.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w := parquet.NewWriter(out, s.kinds.columns)
	lines := bufio.NewReader(rows)
	var group []parquetRow
	for {
		line, err := lines.ReadBytes('\n')
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return err
		}
		if !last {
			r, err := s.row(line)
			if err != nil {
				return err
			}
			group = append(group, r)
		}
		if len(group) == spoolGroup || last && len(group) > 0 {
			if err := w.Write(s.kinds.table(group)); err != nil {
				return err
			}
			group = group[:0]
		}
		if last {
			return w.Close()
		}
	}
}

// row reads a row back.
func (s *spool) row(line []byte) (parquetRow, error) {
	v, err := oip.ParseValue(line)
	if err != nil {
		return parquetRow{}, err
	}
	o, ok := object(v)
	if !ok {
		return parquetRow{}, fmt.Errorf("a row is no object")
	}
	return parquetRow{cells: o.Fields()}, nil
}
