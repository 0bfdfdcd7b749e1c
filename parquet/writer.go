package parquet

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// A Kind is the type of a column, and the Go type of its values.
type Kind int

// The kinds of columns.
const (
	Bool   Kind = iota // bool
	Int64              // int64
	Double             // float64
	Text               // string, in UTF-8
	Time               // int64, microseconds since 1970 in UTC
)

// Types of parquet.thrift.
const (
	typeBoolean   = 0
	typeInt64     = 2
	typeDouble    = 5
	typeByteArray = 6

	convertedUTF8            = 0
	convertedTimestampMicros = 10

	repetitionOptional = 1
	encodingPlain      = 0
	encodingRLE        = 3
	codecGzip          = 2
)

var physical = map[Kind]int32{Bool: typeBoolean, Int64: typeInt64, Double: typeDouble, Text: typeByteArray, Time: typeInt64}

// A Column is a named column. Its values may be null.
type Column struct {
	Name string
	Kind Kind
}

const magic = "PAR1"

// A Writer writes one file. It is not safe for concurrent use.
type Writer struct {
	w       io.Writer
	columns []Column
	at      int64
	groups  []group
	err     error // the first one; nothing is written after it
}

type group struct {
	rows   int64
	size   int64 // uncompressed
	chunks []chunk
}

type chunk struct {
	offset, size, compressed int64
}

// NewWriter returns a writer of a file with the columns, at least one, of
// different names. Close ends the file; w is the caller's to close.
func NewWriter(w io.Writer, columns []Column) *Writer {
	return &Writer{w: w, columns: columns}
}

// Write writes rows as one row group: memory for it is taken while it is
// written. A row has a value for each column, of its kind's type, or nil.
func (w *Writer) Write(rows [][]any) error {
	if w.at == 0 {
		w.put([]byte(magic))
	}
	g := group{rows: int64(len(rows))}
	for i, c := range w.columns {
		page, err := encode(c, i, rows)
		if err != nil {
			return err
		}
		ch, err := w.chunk(page, len(rows))
		if err != nil {
			return err
		}
		g.size += ch.size
		g.chunks = append(g.chunks, ch)
	}
	w.groups = append(w.groups, g)
	return w.err
}

func (w *Writer) put(data []byte) {
	if w.err != nil {
		return
	}
	var n int
	n, w.err = w.w.Write(data)
	w.at += int64(n)
}

// chunk writes the one page of a column chunk.
func (w *Writer) chunk(page []byte, rows int) (chunk, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(page); err != nil {
		return chunk{}, err
	}
	if err := z.Close(); err != nil {
		return chunk{}, err
	}
	if len(page) > math.MaxInt32 || packed.Len() > math.MaxInt32 {
		return chunk{}, fmt.Errorf("a page of %d bytes is too large for Parquet", len(page))
	}
	var t thrift
	t.begin() // PageHeader
	t.i32(1, 0)
	t.i32(2, int32(len(page)))
	t.i32(3, int32(packed.Len()))
	t.structure(5) // DataPageHeader
	t.i32(1, int32(rows))
	t.i32(2, encodingPlain)
	t.i32(3, encodingRLE)
	t.i32(4, encodingRLE)
	t.end()
	t.end()
	c := chunk{offset: w.at, size: int64(len(t.out) + len(page)), compressed: int64(len(t.out) + packed.Len())}
	w.put(t.out)
	w.put(packed.Bytes())
	return c, w.err
}

// encode is the page of a column: which rows have a value, and the values.
func encode(c Column, i int, rows [][]any) ([]byte, error) {
	page := binary.LittleEndian.AppendUint32(nil, 0)
	page = levels(page, i, rows)
	binary.LittleEndian.PutUint32(page, uint32(len(page)-4))
	bits := 0 // of the last byte, of booleans
	for _, row := range rows {
		ok := true
		switch v := row[i].(type) {
		case nil:
		case bool:
			ok = c.Kind == Bool
			if bits%8 == 0 {
				page = append(page, 0)
			}
			if v {
				page[len(page)-1] |= 1 << (bits % 8)
			}
			bits++
		case int64:
			ok = c.Kind == Int64 || c.Kind == Time
			page = binary.LittleEndian.AppendUint64(page, uint64(v))
		case float64:
			ok = c.Kind == Double
			page = binary.LittleEndian.AppendUint64(page, math.Float64bits(v))
		case string:
			ok = c.Kind == Text && len(v) <= math.MaxInt32
			page = binary.LittleEndian.AppendUint32(page, uint32(len(v)))
			page = append(page, v...)
		default:
			ok = false
		}
		if !ok {
			return nil, fmt.Errorf("column %q cannot hold a value of type %T", c.Name, row[i])
		}
	}
	return page, nil
}

// levels appends the definition levels of a column, 1 where it has a value, in
// runs of the hybrid encoding.
func levels(page []byte, i int, rows [][]any) []byte {
	for at := 0; at < len(rows); {
		null := rows[at][i] == nil
		end := at + 1
		for end < len(rows) && (rows[end][i] == nil) == null {
			end++
		}
		page = binary.AppendUvarint(page, uint64(end-at)<<1)
		if null {
			page = append(page, 0)
		} else {
			page = append(page, 1)
		}
		at = end
	}
	return page
}

// Close writes the end of the file.
func (w *Writer) Close() error {
	if w.at == 0 {
		w.put([]byte(magic))
	}
	footer := w.footer()
	w.put(footer)
	w.put(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))))
	w.put([]byte(magic))
	return w.err
}

func (w *Writer) footer() []byte {
	var t thrift
	rows := int64(0)
	t.begin() // FileMetaData
	t.i32(1, 2)
	w.schema(&t)
	for _, g := range w.groups {
		rows += g.rows
	}
	t.i64(3, rows)
	t.list(4, thriftStruct, len(w.groups))
	for _, g := range w.groups {
		w.group(&t, g)
	}
	t.text(6, "leat")
	t.end()
	return t.out
}

func (w *Writer) schema(t *thrift) {
	t.list(2, thriftStruct, len(w.columns)+1)
	t.begin() // SchemaElement, the root
	t.text(4, "schema")
	t.i32(5, int32(len(w.columns)))
	t.end()
	for _, c := range w.columns {
		t.begin()
		t.i32(1, physical[c.Kind])
		t.i32(3, repetitionOptional)
		t.text(4, c.Name)
		switch c.Kind {
		case Text:
			t.i32(6, convertedUTF8)
		case Time:
			t.i32(6, convertedTimestampMicros)
		}
		t.end()
	}
}

func (w *Writer) group(t *thrift, g group) {
	t.begin() // RowGroup
	t.list(1, thriftStruct, len(g.chunks))
	for i, c := range g.chunks {
		t.begin() // ColumnChunk
		t.i64(2, c.offset)
		t.structure(3) // ColumnMetaData
		t.i32(1, physical[w.columns[i].Kind])
		t.list(2, thriftI32, 2)
		t.out = binary.AppendVarint(binary.AppendVarint(t.out, encodingPlain), encodingRLE)
		t.list(3, thriftBinary, 1)
		t.bare(w.columns[i].Name)
		t.i32(4, codecGzip)
		t.i64(5, g.rows)
		t.i64(6, c.size)
		t.i64(7, c.compressed)
		t.i64(9, c.offset)
		t.end()
		t.end()
	}
	t.i64(2, g.size)
	t.i64(3, g.rows)
	t.end()
}
