package onnx

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// detect says whether a file that begins with head is an ONNX model. A file
// called .onnx counts as one that may be broken, so that loading it tells what
// is wrong with it.
func detect(name string, head []byte) bool {
	return strings.HasSuffix(strings.ToLower(name), ".onnx") || beginsModel(head)
}

// modelFields are the fields of ModelProto (onnx.proto) by number.
var modelFields = map[int]int{
	1: kindVarint, 2: kindBytes, 3: kindBytes, 4: kindBytes, 5: kindVarint, 6: kindBytes, modelGraph: kindBytes, modelOpsets: kindBytes,
	14: kindBytes, 20: kindBytes, 25: kindBytes, 26: kindBytes,
}

// graphFields and opsetFields are likewise those of GraphProto and
// OperatorSetIdProto.
var (
	graphFields = map[int]int{
		graphNode: kindBytes, 2: kindBytes, 5: kindBytes, 10: kindBytes, 11: kindBytes, graphOutput: kindBytes,
		13: kindBytes, 14: kindBytes, 15: kindBytes, 16: kindBytes,
	}
	opsetFields = map[int]int{opsetDomain: kindBytes, opsetVersion: kindVarint}
)

const longText = 64

const maxIRVersion = 100 // it was 13 in 2026, after nine years

// beginsModel says whether head can be the beginning of an ONNX model: fields
// that a model has, the version of the format first and texts that are text,
// up to the graph or the operators it imports.
func beginsModel(head []byte) bool {
	const size = 1 << 31 // a protobuf file is no longer
	m := message{file: newWindow(bytes.NewReader(head)), end: size}
	for first := true; m.more(); first = false {
		f, err := m.next()
		if err != nil {
			return false
		}
		kind, known := modelFields[f.number]
		if !known || kind != f.kind {
			return false
		}
		if first != (f.number == 1) || first && (f.value < 1 || f.value > maxIRVersion) {
			return false
		}
		switch f.number {
		case modelGraph:
			return begins(f.content, graphFields)
		case modelOpsets:
			return begins(f.content, opsetFields)
		case 2, 3, 4, 6:
			if !isText(f.content) {
				return false
			}
			if f.content.end > int64(len(head)) { // a long text, the rest unseen
				return len(head)-int(f.content.at) >= longText
			}
		}
	}
	return false
}

// begins says whether the first field of a message is one it can have.
func begins(m message, fields map[int]int) bool {
	f, err := m.next()
	kind, known := fields[f.number]
	return err == nil && known && kind == f.kind
}

// isText says whether what head has of a string is printable text.
func isText(m message) bool {
	b := make([]byte, min(m.end-m.at, windowSize))
	n, err := m.file.file.ReadAt(b, m.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	for b = b[:n]; len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			return !utf8.FullRune(b) // cut off at the end of head
		}
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return false
		}
		b = b[size:]
	}
	return true
}
