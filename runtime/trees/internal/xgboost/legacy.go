package xgboost

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// Sizes of the structures in a legacy file, in bytes.
const (
	legacyLearnerSize = 136
	legacyBoosterSize = 160
	legacyLinearSize  = 136
	legacyTreeSize    = 148
	legacyNodeSize    = 20
	legacyStatSize    = 16
)

// A legacyDocument reads the binary format that XGBoost wrote before 3.1 unless
// it was told to write JSON or UBJ: C structures as they lie in the memory of a
// little-endian machine, and lists after a 64-bit length. The first failure
// stays, and every read after it returns zero.
type legacyDocument struct {
	data []byte
	at   int
	err  error
}

// ParseLegacy reads a model saved in XGBoost's binary format, with or without
// its magic word "binf", or in base64 after the word "bs64". The structures are
// those of XGBoost's src/learner.cc, src/gbm/gbtree_model.h,
// src/gbm/gblinear_model.h and include/xgboost/tree_model.h. Errors are those of
// ParseJSON.
func ParseLegacy(data []byte, of forest.Iterations) (*forest.Ensemble, error) {
	if text, ok := bytes.CutPrefix(data, []byte("bs64")); ok {
		decoded, err := decodeBase64(text)
		if err != nil {
			return nil, fmt.Errorf("xgboost model: %w", err)
		}
		data = decoded
	}
	return parse("XGBoost binary", of, func(p plan) (*model, error) {
		d := &legacyDocument{data: bytes.TrimPrefix(data, []byte("binf"))}
		m := newModel(nil, len(data), p)
		m.learner = true
		err := d.read(m)
		return m, err
	})
}

func decodeBase64(text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(decoded, text)
	if err != nil {
		return nil, fmt.Errorf("base64: %w", err)
	}
	return decoded[:n], nil
}

func (d *legacyDocument) read(m *model) error {
	p := d.readLearner(m)
	m.objective, m.booster = d.text(), d.text()
	switch {
	case d.err != nil:
		return d.err
	case m.booster == "gblinear":
		d.readLinear(m)
	default:
		d.readTrees(m)
	}
	if p.attributes && d.err == nil {
		d.readAttributes(m)
	}
	if p.major == 0 {
		d.skipOldTail(m, p.metrics)
	}
	if left := len(d.data) - d.at; left > 0 {
		d.fail("%d bytes follow the end of the model", left)
	}
	return d.err
}

// legacyLearner is what the first structure says of the rest of the file.
type legacyLearner struct {
	attributes, metrics bool
	major               uint32 // version of XGBoost
}

func (d *legacyDocument) readLearner(m *model) (p legacyLearner) {
	b := d.take(legacyLearnerSize)
	if d.err != nil {
		return p
	}
	m.baseScore = strconv.FormatFloat(float64(float32At(b, 0)), 'g', -1, 32)
	m.features = unsigned(uint32At(b, 4))
	m.classes = unsigned(uint32At(b, 8))
	p = legacyLearner{attributes: uint32At(b, 12) != 0, metrics: uint32At(b, 16) != 0, major: uint32At(b, 20)}
	// Before 1.0, which says that it is version 0, base_score was saved as the
	// margin that it amounts to.
	m.marginScore = p.major == 0
	// What later versions put into reserved space is zero in the files of
	// earlier ones.
	m.targets = unsigned(uint32At(b, 28))
	m.estimated = unsigned(uint32At(b, 32))
	return p
}

func (d *legacyDocument) readTrees(m *model) {
	b := d.take(legacyBoosterSize)
	if d.err != nil {
		return
	}
	n := uint64(uint32At(b, 0))
	parallel := uint32At(b, 4) // the number of roots in the oldest files: 1
	if !d.fits(n, legacyTreeSize+legacyNodeSize+legacyStatSize) {
		return
	}
	m.trees, m.parallel = unsigned(uint32(n)), unsigned(parallel)
	var nodes []forest.Node
	for range n {
		if nodes = d.readTree(m, nodes[:0]); d.err != nil {
			return
		}
		if err := m.add(nodes); err != nil {
			d.err = err
			return
		}
	}
	groups := d.take(4 * int(n))
	for ; len(groups) > 0; groups = groups[4:] {
		m.group = append(m.group, int32(uint32At(groups, 0)))
	}
	if m.booster == "dart" && n > 0 {
		m.weights = d.floats()
	}
}

// readTree appends the nodes of the next tree.
func (d *legacyDocument) readTree(m *model, nodes []forest.Node) []forest.Node {
	b := d.take(legacyTreeSize)
	if d.err != nil {
		return nil
	}
	n, leafSize := uint64(uint32At(b, 4)), uint32At(b, 20)
	if leafSize > 1 {
		d.fail("tree %d has vector leaves, which this format cannot hold", m.read)
	}
	if !d.fits(n, legacyNodeSize+legacyStatSize) {
		return nil
	}
	b = d.take(legacyNodeSize * int(n))
	stats := d.take(legacyStatSize * int(n))
	for ; len(b) > 0 && len(stats) > 0; b, stats = b[legacyNodeSize:], stats[legacyStatSize:] {
		n := legacyNode(b)
		n.Cover = float32At(stats, 4)
		nodes = append(nodes, n)
	}
	return nodes
}

// legacyNode reads a node: its parent, its children, the feature with a bit for
// the default direction, and the threshold or the value.
func legacyNode(b []byte) forest.Node {
	const defaultLeft = 1 << 31
	left, right, feature := int32(uint32At(b, 4)), int32(uint32At(b, 8)), uint32At(b, 12)
	n := forest.Node{Value: float64(float32At(b, 16))}
	if left == noChild {
		return n
	}
	n.Split, n.Missing = forest.Less, forest.NaNRight
	if feature&defaultLeft != 0 {
		n.Missing = forest.NaNLeft
	}
	n.Left, n.Right, n.Feature = left, right, feature&^defaultLeft
	return n
}

func (d *legacyDocument) readLinear(m *model) {
	d.take(legacyLinearSize) // again the number of features
	m.linear = d.floats()
}

func (d *legacyDocument) readAttributes(m *model) {
	const least = 16 // two lengths
	for n := d.length(least); n > 0 && d.err == nil; n-- {
		if key, value := d.text(), d.text(); key == "best_iteration" {
			m.best = value
		}
	}
}

// skipOldTail passes over what files from before 1.0 end with.
func (d *legacyDocument) skipOldTail(m *model, metrics bool) {
	if d.at == len(d.data) {
		return // older still
	}
	if m.objective == "count:poisson" {
		d.text() // max_delta_step
	}
	if metrics {
		for n := d.length(8); n > 0 && d.err == nil; n-- {
			d.text()
		}
	}
}

func (d *legacyDocument) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("byte %d: %s", d.at, fmt.Sprintf(format, args...))
	}
}

// fits says whether n things of at least size bytes can be in the rest of the
// file.
func (d *legacyDocument) fits(n, size uint64) bool {
	left := uint64(len(d.data)-d.at) / size
	if n > left {
		d.fail("a length of %d, but at most %d fit in the rest of the file", n, left)
	}
	return d.err == nil
}

// take passes over the next n bytes.
func (d *legacyDocument) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if left := len(d.data) - d.at; n > left {
		d.fail("the file ends %d bytes too early", n-left)
		return nil
	}
	d.at += n
	return d.data[d.at-n : d.at]
}

// length reads how many things of at least size bytes follow.
func (d *legacyDocument) length(size uint64) int {
	b := d.take(8)
	if d.err != nil {
		return 0
	}
	n := binary.LittleEndian.Uint64(b)
	if !d.fits(n, size) {
		return 0
	}
	return int(n)
}

func (d *legacyDocument) text() string { return string(d.take(d.length(1))) }

func (d *legacyDocument) floats() []float32 {
	b := d.take(4 * d.length(4))
	list := make([]float32, 0, len(b)/4)
	for ; len(b) > 0; b = b[4:] {
		list = append(list, float32At(b, 0))
	}
	return list
}

func uint32At(b []byte, at int) uint32   { return binary.LittleEndian.Uint32(b[at:]) }
func float32At(b []byte, at int) float32 { return math.Float32frombits(uint32At(b, at)) }
func unsigned(v uint32) string           { return strconv.FormatUint(uint64(v), 10) }
