package onnx

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// The numbers of the fields that are looked at, from onnx.proto.
const (
	modelGraph  = 7
	modelOpsets = 8

	graphNode   = 1
	graphOutput = 12

	nodeInput     = 1
	nodeOutput    = 2
	nodeOperator  = 4
	nodeAttribute = 5
	nodeDomain    = 7

	attributeName    = 1
	attributeInts    = 8
	attributeStrings = 9

	valueName = 1
	valueType = 2

	typeTensor    = 1
	tensorElement = 1

	opsetDomain  = 1
	opsetVersion = 2
)

// A zipMap is a step at the end of a classifier that makes a dictionary of each
// row of a matrix, one key a class: its output without it would be the tensor
// that clients want.
type zipMap struct {
	input, output string
	classes       []string // the keys, in the order of the columns
	start         int64    // of the node, within the file
}

// A graph is what is known of a model's graph without loading it.
type graph struct {
	file       *window
	size       int64
	start, end int64 // the field of the model, tag included
	content    message
	zipMaps    []zipMap
	classes    map[string][]string // of the ZipMaps, by output
	trees      bool                // some node is an ensemble of trees
}

// scan reads the model in file, of which it keeps little: nodes and weights are
// skipped.
func scan(file *window, size int64) (*graph, error) {
	g := &graph{file: file, size: size, classes: map[string][]string{}}
	m := message{file: file, end: size}
	for m.more() {
		f, err := m.next()
		if err != nil {
			return nil, err
		}
		if f.number != modelGraph || f.kind != kindBytes {
			continue
		}
		if g.end > 0 {
			return nil, fmt.Errorf("%w: a second graph at byte %d", errWire, f.start)
		}
		g.start, g.end, g.content = f.start, m.at, f.content
	}
	if g.end == 0 {
		return nil, fmt.Errorf("%w: it has no graph", errWire)
	}
	if err := g.scanNodes(); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *graph) scanNodes() error {
	m, known := g.content, 0
	for m.more() {
		f, err := m.next()
		if err != nil {
			return err
		}
		if f.number != graphNode || f.kind != kindBytes {
			continue
		}
		operator, err := f.content.find(nodeOperator)
		if err != nil {
			return err
		}
		if strings.HasPrefix(operator, "TreeEnsemble") {
			g.trees = true
		}
		if operator != "ZipMap" {
			continue
		}
		z, ok, err := readZipMap(f.content)
		if err != nil {
			return err
		}
		if known += len(z.classes); known > maxClasses {
			return fmt.Errorf("its ZipMaps have more than %d classes", maxClasses)
		}
		if ok {
			z.start = f.start
			g.zipMaps = append(g.zipMaps, z)
			g.classes[z.output] = z.classes
		}
	}
	return nil
}

// find returns the last string field of that number; "" if there is none.
func (m message) find(number int) (text string, err error) {
	for m.more() {
		f, err := m.next()
		if err != nil {
			return "", err
		}
		if f.number == number && f.kind == kindBytes {
			if text, err = f.content.text(); err != nil {
				return "", err
			}
		}
	}
	return text, nil
}

// readZipMap reads a node; ok is false when it is another operator of that name
// or not as the operator's definition has it.
func readZipMap(node message) (z zipMap, ok bool, err error) {
	domain, inputs, outputs := "", 0, 0
	for node.more() {
		f, err := node.next()
		if err != nil {
			return z, false, err
		}
		if f.kind != kindBytes {
			continue
		}
		switch f.number {
		case nodeInput:
			z.input, err = f.content.text()
			inputs++
		case nodeOutput:
			z.output, err = f.content.text()
			outputs++
		case nodeDomain:
			domain, err = f.content.text()
		case nodeAttribute:
			err = z.readClasses(f.content)
		}
		if err != nil {
			return z, false, err
		}
	}
	return z, domain == "ai.onnx.ml" && inputs == 1 && outputs == 1 && len(z.classes) > 0, nil
}

// readClasses reads classlabels_int64s or classlabels_strings.
func (z *zipMap) readClasses(attribute message) error {
	name, err := attribute.find(attributeName)
	if err != nil {
		return err
	}
	wanted := map[string]int{"classlabels_int64s": attributeInts, "classlabels_strings": attributeStrings}[name]
	if wanted == 0 {
		return nil
	}
	for attribute.more() {
		f, err := attribute.next()
		if err != nil {
			return err
		}
		if f.number != wanted {
			continue
		}
		if err := z.addClasses(f, wanted); err != nil {
			return err
		}
	}
	return nil
}

// maxClasses bounds what a file of few bytes can make of them.
const maxClasses = 1 << 20

func (z *zipMap) addClasses(f field, wanted int) error {
	switch {
	case wanted == attributeStrings && f.kind == kindBytes:
		label, err := f.content.text()
		z.classes = append(z.classes, label)
		return err
	case wanted == attributeInts && f.kind == kindVarint:
		z.addInt(f.value)
	case wanted == attributeInts && f.kind == kindBytes: // packed
		for f.content.more() && len(z.classes) <= maxClasses {
			v, err := f.content.varint()
			if err != nil {
				return err
			}
			z.addInt(v)
		}
	}
	return nil
}

func (z *zipMap) addInt(v uint64) { z.classes = append(z.classes, strconv.FormatInt(int64(v), 10)) }

// withoutZipMaps returns the model with the tensors in place of the
// dictionaries: each ZipMap becomes an Identity, and the output that it made a
// tensor. ONNX Runtime imports ONNX's own operators where a model does not.
func (g *graph) withoutZipMaps() ([]byte, error) {
	content, err := g.rewriteContent()
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, g.size+64)
	if out, err = g.append(out, 0, g.start); err != nil {
		return nil, err
	}
	out = appendField(out, modelGraph, content)
	return g.append(out, g.end, g.size)
}

func (g *graph) rewriteContent() ([]byte, error) {
	out := make([]byte, 0, g.content.end-g.content.at+64)
	m, next := g.content, 0
	for m.more() {
		f, err := m.next()
		if err != nil {
			return nil, err
		}
		switch {
		case next < len(g.zipMaps) && g.zipMaps[next].start == f.start:
			out = appendField(out, graphNode, g.zipMaps[next].identity())
			next++
			continue
		case f.number == graphOutput && f.kind == kindBytes:
			name, err := f.content.find(valueName)
			if err != nil {
				return nil, err
			}
			if g.classes[name] != nil {
				out = appendField(out, graphOutput, floatTensor(name))
				continue
			}
		}
		if out, err = g.append(out, f.start, m.at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// identity is a NodeProto that passes the matrix on.
func (z *zipMap) identity() []byte {
	node := appendField(nil, nodeInput, []byte(z.input))
	node = appendField(node, nodeOutput, []byte(z.output))
	return appendField(node, nodeOperator, []byte("Identity"))
}

// floatTensor is a ValueInfoProto for a float tensor of any shape.
func floatTensor(name string) []byte {
	tensor := binary.AppendUvarint(appendTag(nil, tensorElement, kindVarint), 1)
	value := appendField(nil, valueName, []byte(name))
	return appendField(value, valueType, appendField(nil, typeTensor, tensor))
}

func (g *graph) append(out []byte, start, end int64) ([]byte, error) {
	n := len(out)
	out = append(out, make([]byte, end-start)...)
	return out, g.file.readFull(start, out[n:])
}

func appendTag(b []byte, number, kind int) []byte {
	return binary.AppendUvarint(b, uint64(number)<<3|uint64(kind))
}

func appendField(b []byte, number int, content []byte) []byte {
	b = binary.AppendUvarint(appendTag(b, number, kindBytes), uint64(len(content)))
	return append(b, content...)
}
