package xgboost

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// maxOutputs is the most classes or targets of a model that has fewer trees.
const maxOutputs = 1024

// rules: missing values are NaN, everything is float32, and the categories that
// a split lists go right. The bound is the first integer that float32 cannot
// tell from the next.
var rules = forest.Rules{Float32: true, Categories: 1 << 24}

// ParseJSON reads a model saved as JSON.
//
// # Errors
//
// What is malformed, and by name what is not supported. A model can ask for no
// more memory than a small multiple of its size.
func ParseJSON(data []byte, of forest.Iterations) (*forest.Ensemble, error) {
	return parse("XGBoost JSON", of, func(p plan) (*model, error) {
		d := newJSON(data)
		m := newModel(d, len(data), p)
		err := m.readAll(d.d.End)
		return m, err
	})
}

// ParseUBJ reads a model saved as UBJSON. Errors are those of ParseJSON.
func ParseUBJ(data []byte, of forest.Iterations) (*forest.Ensemble, error) {
	return parse("XGBoost UBJ", of, func(p plan) (*model, error) {
		d := &ubjDocument{data: data}
		m := newModel(d, len(data), p)
		err := m.readAll(d.end)
		return m, err
	})
}

// A model is what has been read of one.
type model struct {
	d       document
	builder *forest.Builder
	plan    plan
	read    int // trees
	learner bool

	version []int32 // of XGBoost, major and minor first; may be empty

	baseScore, estimated, classes, features, targets string

	marginScore bool // base_score is a margin whatever the objective

	objective, booster string
	names              []string
	group              []int32
	weights            []float32
	trees, parallel    string
	rounds             []int32   // where each round begins among the trees, and where the last ends; may be empty
	best               string    // the last round to count, if not empty
	linear             []float32 // of gblinear: feature by feature, then the biases
}

func newModel(d document, size int, p plan) *model {
	return &model{d: d, builder: forest.NewBuilder(rules, size), plan: p}
}

func (m *model) readAll(end func() error) error {
	if err := readObject(m.d, []member{{"learner", m.readLearner}, ints(m.d, "version", &m.version)}); err != nil {
		return err
	}
	return end()
}

func (m *model) readLearner() error {
	m.learner = true
	d := m.d
	return readObject(d, []member{
		object(d, "learner_model_param",
			text(d, "base_score", &m.baseScore),
			text(d, "boost_from_average", &m.estimated),
			text(d, "num_class", &m.classes),
			text(d, "num_feature", &m.features),
			text(d, "num_target", &m.targets)),
		object(d, "attributes", text(d, "best_iteration", &m.best)),
		object(d, "objective", text(d, "name", &m.objective)),
		texts(d, "feature_names", &m.names),
		object(d, "gradient_booster",
			text(d, "name", &m.booster),
			floats(d, "weight_drop", &m.weights),
			member{"model", m.readBooster},
			object(d, "gbtree", member{"model", m.readBooster})),
	})
}

func (m *model) readBooster() error {
	d := m.d
	return readObject(d, []member{
		object(d, "gbtree_model_param", text(d, "num_trees", &m.trees), text(d, "num_parallel_tree", &m.parallel)),
		ints(d, "iteration_indptr", &m.rounds),
		ints(d, "tree_info", &m.group),
		floats(d, "weight_drop", &m.weights),
		{"trees", m.readTrees},
		floats(d, "weights", &m.linear),
	})
}

func (m *model) readTrees() error {
	t := newTreeReader(m.d, m.plan.baseWeights)
	return m.d.array(func() error {
		nodes, err := t.read()
		if err != nil {
			return fmt.Errorf("tree %d: %w", m.read, err)
		}
		return m.add(nodes)
	})
}

// add takes the next tree, if it is among those to be kept.
func (m *model) add(nodes []forest.Node) error {
	m.read++
	if m.plan.keep != nil && !m.plan.keep.has(m.read-1) {
		return nil
	}
	return m.builder.Add(nodes)
}

func (m *model) finish(format string) (*forest.Ensemble, error) {
	meta, err := m.meta(format)
	if err != nil {
		return nil, err
	}
	if m.booster == "gblinear" {
		// XGBoost 3.2 starts every output of such a model from the first base score.
		for g := range meta.Base {
			meta.Base[g] = meta.Base[0]
		}
		return forest.NewLinear(m.linear, meta)
	}
	if err := m.checkTrees(); err != nil {
		return nil, err
	}
	m.cut()
	meta.Group, meta.Weight = m.group, m.weights
	return m.builder.Finish(meta)
}

// meta is what the model says of itself besides its trees.
func (m *model) meta(format string) (meta forest.Meta, err error) {
	if !m.learner {
		return meta, fmt.Errorf("it has no \"learner\": not a file that save_model wrote")
	}
	switch m.booster {
	case "gbtree", "dart", "gblinear":
	default:
		return meta, fmt.Errorf("booster %q is not supported", clip([]byte(m.booster)))
	}
	objective, ok := objectives[m.objective]
	if !ok {
		return meta, fmt.Errorf("objective %q is not supported", clip([]byte(m.objective)))
	}
	if m.objective == "reg:quantileerror" && slices.Compare(m.version, []int32{3, 4}) >= 0 {
		objective.transform = forest.Ascending // since 3.4 quantiles do not cross
	}
	meta = forest.Meta{
		Format: format, Booster: m.booster, Objective: m.objective,
		FeatureNames: m.names, Transform: objective.transform,
	}
	if meta.Features, err = count("num_feature", m.features); err != nil {
		return meta, err
	}
	outputs, err := m.outputs()
	if err != nil {
		return meta, err
	}
	if m.marginScore || (m.booster != "gblinear" && m.read == 0 && m.estimated == "1") {
		objective.link = identity // XGBoost leaves a score that it has yet to estimate as it is
	}
	meta.Base, err = baseMargins(m.baseScore, objective.link, outputs)
	return meta, err
}

func (m *model) checkTrees() error {
	n := m.read
	if trees, err := count("num_trees", m.trees); err != nil || trees != n {
		return fmt.Errorf("num_trees is %q, but there are %d trees", clip([]byte(m.trees)), n)
	}
	if len(m.group) != n {
		return fmt.Errorf("tree_info has %d values for %d trees", len(m.group), n)
	}
	if len(m.weights) == 0 {
		m.weights = nil
	}
	if m.booster == "dart" && m.weights == nil && n > 0 {
		return fmt.Errorf("booster \"dart\" without weight_drop")
	}
	if m.weights != nil && len(m.weights) != n {
		return fmt.Errorf("weight_drop has %d values for %d trees", len(m.weights), n)
	}
	return nil
}

// outputs is the number of margins: of classes, or of targets.
func (m *model) outputs() (int, error) {
	classes, err := count("num_class", m.classes)
	if err != nil {
		return 0, err
	}
	targets, err := count("num_target", m.targets)
	if err != nil {
		return 0, err
	}
	if classes > 1 && targets > 1 {
		return 0, fmt.Errorf("%d classes of %d targets are not supported", classes, targets)
	}
	n := max(classes, targets, 1)
	if n > maxOutputs && n > m.read && n > len(m.linear) {
		return 0, fmt.Errorf("%d outputs, but %d trees", n, m.read)
	}
	return n, nil
}

// count reads a number that is not negative; a missing one is 0.
func count(name, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%s %q is not a number of things", name, clip([]byte(text)))
	}
	return int(n), nil
}

// clip shortens what an error quotes.
func clip(token []byte) []byte { return token[:min(len(token), 40)] }
