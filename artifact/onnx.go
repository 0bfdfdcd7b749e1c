package artifact

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Bounds of what is looked at in an ONNX model: how deep messages are in messages, how
// many files it has weights in, and how long what it says of one may be.
const (
	maxONNXDepth   = 128
	maxWeightFiles = 1000
	maxWeightEntry = 8 << 10
)

// weightsOf are the names of the files that an ONNX model has weights in, each once, in
// their order. A file that is no ONNX model has none: loading it says what is wrong.
func weightsOf(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	o := onnxReader{r: bufio.NewReaderSize(f, 64<<10), known: map[string]bool{}}
	if err := o.message(info.Size(), onnxModel, 0); err != nil && !errors.Is(err, errNotONNX) {
		return nil, err
	}
	return o.names, nil
}

var errNotONNX = errors.New("not an ONNX model")

// An onnxKind is a message of onnx.proto3 (github.com/onnx/onnx) in which weights may
// be.
type onnxKind byte

const (
	onnxOther onnxKind = iota
	onnxModel
	onnxGraph
	onnxNode
	onnxAttribute
	onnxFunction
	onnxTensor
	onnxSparse
	onnxEntry // of a tensor's external_data, a key and a value
)

type onnxField struct {
	of     onnxKind
	number uint64
}

// onnxFields are the fields that hold such messages.
var onnxFields = map[onnxField]onnxKind{
	{onnxModel, 7}: onnxGraph, {onnxModel, 25}: onnxFunction,
	{onnxGraph, 1}: onnxNode, {onnxGraph, 5}: onnxTensor, {onnxGraph, 15}: onnxSparse,
	{onnxNode, 5}: onnxAttribute, {onnxFunction, 7}: onnxNode,
	{onnxAttribute, 5}: onnxTensor, {onnxAttribute, 10}: onnxTensor,
	{onnxAttribute, 6}: onnxGraph, {onnxAttribute, 11}: onnxGraph,
	{onnxAttribute, 22}: onnxSparse, {onnxAttribute, 23}: onnxSparse,
	{onnxSparse, 1}: onnxTensor, {onnxSparse, 2}: onnxTensor,
	{onnxTensor, 13}: onnxEntry,
}

// An onnxReader reads through a model, and keeps nothing of it but the names.
type onnxReader struct {
	r     *bufio.Reader
	names []string
	known map[string]bool
}

// message reads a message of so many bytes.
func (o *onnxReader) message(size int64, kind onnxKind, depth int) error {
	if depth > maxONNXDepth {
		return errNotONNX
	}
	for size > 0 {
		number, body, head, err := o.field()
		if err != nil {
			return err
		}
		if size -= head + body; size < 0 {
			return errNotONNX
		}
		switch child := onnxFields[onnxField{kind, number}]; child {
		case onnxOther:
			err = o.skip(body)
		case onnxEntry:
			err = o.entry(body)
		default:
			err = o.message(body, child, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// field reads the head of a field, of so many bytes, and returns how many follow. The
// number of one that is no message is 0, which none has.
func (o *onnxReader) field() (number uint64, body, head int64, err error) {
	tag, head, err := o.varint()
	if err != nil {
		return 0, 0, 0, err
	}
	switch tag & 7 {
	case 0:
		_, n, err := o.varint()
		return 0, 0, head + n, err
	case 1:
		return 0, 8, head, nil
	case 2:
		size, n, err := o.varint()
		if size > 1<<62 {
			err = errNotONNX
		}
		return tag >> 3, int64(size), head + n, err
	case 5:
		return 0, 4, head, nil
	}
	return 0, 0, 0, errNotONNX
}

func (o *onnxReader) varint() (v uint64, size int64, err error) {
	for shift := 0; shift < 64; shift += 7 {
		b, err := o.r.ReadByte()
		if err != nil {
			return 0, 0, ended(err)
		}
		size++
		if v |= uint64(b&0x7f) << shift; b < 0x80 {
			return v, size, nil
		}
	}
	return 0, 0, errNotONNX
}

// ended is what reading has failed with: a model that ends too early is none.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errNotONNX
	}
	return err
}

func (o *onnxReader) skip(size int64) error {
	_, err := io.CopyN(io.Discard, o.r, size)
	if err != nil {
		return ended(err)
	}
	return nil
}

// entry reads a key and its value. That of location is the name of a file.
func (o *onnxReader) entry(size int64) error {
	if size > maxWeightEntry {
		return fmt.Errorf("the name of a file takes %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(o.r, text); err != nil {
		return ended(err)
	}
	var pair [3]string // by the number of the field
	for len(text) > 0 {
		n, at := binary.Uvarint(text[1:])
		if at <= 0 || uint64(len(text)-1-at) < n || text[0] != 1<<3|2 && text[0] != 2<<3|2 {
			return errNotONNX
		}
		pair[text[0]>>3] = string(text[1+at:][:n])
		text = text[1+at:][n:]
	}
	if pair[1] == "location" {
		return o.name(pair[2])
	}
	return nil
}

func (o *onnxReader) name(name string) error {
	switch {
	case o.known[name]:
		return nil
	case !filepath.IsLocal(name) || name == "." || strings.ContainsAny(name, "\\\x00"):
		return fmt.Errorf("%s: the name leads out of the folder", quoted(name))
	case len(o.names) == maxWeightFiles:
		return fmt.Errorf("there are more than %d files", maxWeightFiles)
	}
	o.known[name] = true
	o.names = append(o.names, name)
	return nil
}
