package lightgbm

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// maxOutputs is the most classes of a model that has fewer trees.
const maxOutputs = 1024

// rules: a magnitude of up to 1e-35 (the float32 of that name) is zero, and a
// category is truncated to an integer.
var rules = forest.Rules{Tiny: float64(float32(1e-35)), FractionalCategory: true, Categories: 1 << 24, LeavesApart: true}

// Parse reads a model, and of it the iterations chosen. By default that is all:
// LightGBM itself leaves out of the file those after the best one.
//
// # Errors
//
// What is malformed, and by name what is not supported. A model can ask for no
// more memory than a small multiple of its size.
func Parse(data []byte, of forest.Iterations) (*forest.Ensemble, error) {
	m := &model{of: of, lines: lines{data: data}, builder: forest.NewBuilder(rules, len(data))}
	if err := m.read(); err != nil {
		return nil, fmt.Errorf("lightgbm model: %w", err)
	}
	e, err := m.finish()
	if err != nil {
		return nil, fmt.Errorf("lightgbm model: %w", err)
	}
	return e, nil
}

// A model is what has been read of one.
type model struct {
	lines   lines
	builder *forest.Builder
	of      forest.Iterations
	trees   int // that were read

	version, objective, names string
	classes, perIteration     int
	lastFeature               int
	average                   bool
}

// starts says whether line begins a tree.
func starts(line []byte) bool { return bytes.HasPrefix(line, []byte("Tree=")) }

// ends says whether line follows the last tree. Old files have no line of its
// own for that: the importances of the features follow.
func ends(line []byte) bool {
	return string(line) == "end of trees" || string(line) == "feature importances:"
}

func (m *model) read() error {
	if line, _ := m.lines.next(); string(line) != "tree" {
		return fmt.Errorf("line 1: %q is not \"tree\"", clip(line))
	}
	line, err := m.readHeader()
	if err != nil {
		return err
	}
	t := newTreeReader()
	for !ends(line) {
		if line, err = m.readTree(t, line); err != nil {
			return err
		}
	}
	return nil
}

// readHeader returns the line that ends it.
func (m *model) readHeader() ([]byte, error) {
	m.lastFeature = -1
	s := set{fields: []field{
		text("version", &m.version),
		number("num_class", &m.classes),
		number("num_tree_per_iteration", &m.perIteration),
		number("max_feature_idx", &m.lastFeature),
		text("objective", &m.objective),
		text("feature_names", &m.names),
		flag("average_output", &m.average),
	}}
	for {
		line, ok := m.lines.next()
		if !ok {
			return nil, fmt.Errorf("the file ends within the header")
		}
		if starts(line) || ends(line) {
			return line, nil
		}
		if err := s.take(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", m.lines.number, err)
		}
	}
}

// readTree reads the tree that begins with line start and returns the line that
// ends it.
func (m *model) readTree(t *treeReader, start []byte) (end []byte, err error) {
	at := m.trees
	if want := fmt.Sprintf("Tree=%d", at); string(start) != want {
		return nil, fmt.Errorf("line %d: %q where %q belongs", m.lines.number, clip(start), want)
	}
	t.reset()
	for {
		line, ok := m.lines.next()
		if !ok {
			return nil, fmt.Errorf("the file ends within tree %d", at)
		}
		if starts(line) || ends(line) {
			end = line
			break
		}
		if err := t.set.take(line); err != nil {
			return nil, fmt.Errorf("line %d: tree %d: %w", m.lines.number, at, err)
		}
	}
	nodes, err := t.tree()
	if err != nil {
		return nil, fmt.Errorf("tree %d: %w", at, err)
	}
	if m.trees++; !m.chosen(at) {
		return end, nil
	}
	return end, m.builder.Add(nodes)
}

// chosen says whether a tree is of an iteration that was chosen.
func (m *model) chosen(tree int) bool {
	iteration := tree / max(m.perIteration, 1)
	return iteration >= m.of.From && (m.of.To == 0 || iteration < m.of.To)
}

func (m *model) finish() (*forest.Ensemble, error) {
	switch m.version {
	case "v2", "v3", "v4":
	default:
		return nil, fmt.Errorf("version %q is not supported", clip([]byte(m.version)))
	}
	name, transform, scale, err := transform(m.objective)
	if err != nil {
		return nil, err
	}
	if m.lastFeature < 0 {
		return nil, fmt.Errorf("max_feature_idx is missing or negative")
	}
	if err := m.checkOutputs(); err != nil {
		return nil, err
	}
	if err := m.of.Check(m.trees / m.perIteration); err != nil {
		return nil, err
	}
	trees := m.builder.Trees()
	meta := forest.Meta{
		Format: "LightGBM text", Booster: "gbdt", Objective: name,
		Features: m.lastFeature + 1, FeatureNames: strings.Fields(m.names),
		Base: make([]float64, m.perIteration), Transform: transform, Scale: scale,
	}
	for i := range trees {
		meta.Group = append(meta.Group, int32(i%m.perIteration))
	}
	if m.average {
		meta.Booster, meta.Divisor = "rf", float64(trees/m.perIteration)
		if m.converted(transform) {
			meta.Transform = forest.Identity
		}
	}
	return m.builder.Finish(meta)
}

// converted says whether the leaves of a random forest hold responses, as those
// of version v2 did until LightGBM changed that (without a new version number):
// their response is the average as it is.
func (m *model) converted(t forest.Transform) bool {
	least, greatest := m.builder.LeafRange()
	switch t {
	case forest.Identity:
		return true
	case forest.Sigmoid, forest.Softmax:
		return m.version == "v2" && least >= 0 && greatest <= 1
	}
	return m.version == "v2" && least >= 0
}

func (m *model) checkOutputs() error {
	n, trees := m.perIteration, m.trees
	if n < 1 {
		return fmt.Errorf("num_tree_per_iteration is %d", n)
	}
	if n != m.classes {
		return fmt.Errorf("num_class is %d, but num_tree_per_iteration is %d", m.classes, n)
	}
	if n > maxOutputs && n > trees {
		return fmt.Errorf("%d outputs, but only %d trees", n, trees)
	}
	if trees%n != 0 {
		return fmt.Errorf("%d trees cannot be divided into iterations of %d", trees, n)
	}
	return nil
}
