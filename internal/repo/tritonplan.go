package repo

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/repo/foreign"
	"github.com/leat-ml/leat/internal/repo/triton"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
)

// cacheBytes is what the answers of a model may take that are kept.
const cacheBytes = 64 << 20

// plan is how the version is served.
func (t *tritonVersion) plan(rt *catalog.RuntimeEntry) (*foreign.Plan, error) {
	c := t.c
	p := &foreign.Plan{
		Runtime: rt, Parameters: c.RuntimeParameters(), MaxBatch: int(c.MaxBatchSize), Batched: c.MaxBatchSize > 0,
		Document: func(d serve.Description) *serve.Object {
			return c.Completed(t.m.Name, d.Platform, d.Inputs, d.Outputs).Document()
		},
	}
	if len(c.Input) > 0 {
		p.Inputs, p.ModelInputs = c.Inputs(), c.ModelInputs()
	}
	if len(c.Output) > 0 {
		p.Outputs, p.ModelOutputs = c.Outputs(), c.ModelOutputs()
	}
	if c.Reshapes() {
		p.Adapt = reshapeOf(c)
	}
	switch c.Kind {
	case triton.Trees:
		p.Adapt, p.ModelOutputs = forestOf(c), nil
	case triton.Python:
		if err := t.python(p); err != nil {
			return nil, err
		}
	}
	if c.GetResponseCache().GetEnable() {
		p.CacheBytes = cacheBytes
	}
	if err := t.scheduling(p); err != nil {
		return nil, err
	}
	var err error
	if p.Warmups, err = t.warmups(); err != nil {
		return nil, err
	}
	p.Labels, err = t.labels()
	return p, err
}

func reshapeOf(c *triton.Config) *foreign.Reshape {
	r := &foreign.Reshape{Inputs: map[string][]int{}, Outputs: map[string][]int{}}
	inner, outer := c.ModelInputs(), c.Outputs()
	for i, in := range c.Input {
		if in.GetReshape() != nil {
			r.Inputs[in.GetName()] = inner[i].Shape
		}
	}
	for i, out := range c.Output {
		if out.GetReshape() != nil {
			r.Outputs[out.GetName()] = outer[i].Shape
		}
	}
	return r
}

func forestOf(c *triton.Config) *foreign.Forest {
	out := c.Outputs()[0]
	f := &foreign.Forest{Output: out.Name, Probabilities: c.Flag("predict_proba"), Threshold: 0.5}
	f.Classes = c.Flag("output_class") || c.Flag("is_classifier") || f.Probabilities
	if n, ok := c.Number("threshold"); ok {
		f.Threshold = n
	}
	if len(out.Shape) > 1 && out.Shape[1] > 0 {
		f.Width = out.Shape[1]
	}
	return f
}

// python has the worker be told the configuration, which its code is given.
func (t *tritonVersion) python(p *foreign.Plan) error {
	doc, err := oip.AppendValue(nil, t.c.Completed(t.m.Name, "", nil, nil).Document())
	if err != nil {
		return err
	}
	p.Parameters = map[string]any{"class": "TritonPythonModel", "configuration": string(doc), "workers": int64(max(1, t.c.Instances()))}
	return nil
}

// scheduling is how requests get to the model.
func (t *tritonVersion) scheduling(p *foreign.Plan) error {
	c, n := t.c, t.c.Instances()
	isPython := c.Kind == triton.Python
	if n == 0 && !isPython {
		n = runtime.GOMAXPROCS(0)
	}
	if o, ok := c.Batching(); ok {
		o.Instances = max(1, n)
		p.Batch = &o
	} else if c.Instances() > 0 && !isPython {
		p.Batch = &schedule.BatchOptions{Instances: n}
	}
	o, ok := c.Sequences(max(1, c.Instances()))
	if !ok {
		return nil
	}
	if isPython { // each copy remembers its own sequences
		p.Copies = max(1, n)
		p.Parameters["workers"] = int64(1)
		if p.Batch != nil {
			p.Batch.Instances = 1
		}
	}
	var err error
	o.States, err = t.states()
	p.Sequence = &o
	return err
}

// states are what the server keeps of a sequence for the model.
func (t *tritonVersion) states() ([]schedule.State, error) {
	var all []schedule.State
	for _, s := range t.c.GetSequenceBatching().GetState() {
		dims, data := s.GetDims(), []byte(nil)
		if len(s.GetInitialState()) > 0 {
			init := s.GetInitialState()[0]
			dims = init.GetDims()
			if file := init.GetDataFile(); file != "" {
				var err error
				if data, err = t.data("initial_state", file); err != nil {
					return nil, err
				}
			}
		}
		initial, err := tensorOf(s.GetInputName(), triton.Datatype(s.GetDataType()), t.batchOf(dims, 1), data)
		if err != nil {
			return nil, fmt.Errorf("%s: state %s: %w", triton.File, s.GetInputName(), err)
		}
		shown := slices.ContainsFunc(t.c.Output, func(o *inference.ModelOutput) bool { return o.GetName() == s.GetOutputName() })
		all = append(all, schedule.State{Input: s.GetInputName(), Output: s.GetOutputName(), Initial: initial, Shown: shown})
	}
	return all, nil
}

// batchOf is a shape behind so many rows, where there are batches.
func (t *tritonVersion) batchOf(dims []int64, rows int) []int {
	var shape []int
	if t.c.MaxBatchSize > 0 {
		shape = append(shape, rows)
	}
	for _, n := range dims {
		shape = append(shape, int(n))
	}
	return shape
}

// maxElements is how many a tensor may have that is made up at the start.
const maxElements = 1 << 28

// maxData is how large a file of a tensor's elements may be.
const maxData = 1 << 30

// data reads a file of elements, in a folder of the model.
func (t *tritonVersion) data(folder, file string) ([]byte, error) {
	rel := path.Join(t.f.in(folder), file)
	info, err := os.Stat(t.s.path(rel))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rel, cause(err))
	}
	if !info.Mode().IsRegular() || info.Size() > maxData {
		return nil, fmt.Errorf("%s is not a file of at most %d bytes", rel, maxData)
	}
	data, err := os.ReadFile(t.s.path(rel))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rel, cause(err))
	}
	return data, nil
}

// tensorOf is a tensor of elements as they stand in a file; nil are zeros.
func tensorOf(name string, dt serve.Datatype, shape []int, data []byte) (*serve.Tensor, error) {
	n, ok := serve.Elements(shape)
	if !ok || n > maxElements {
		return nil, fmt.Errorf("shape %v has more than %d elements", shape, maxElements)
	}
	if dt == serve.Bytes && data == nil {
		return serve.NewBytes(name, make([]string, n), shape...), nil
	}
	if data == nil {
		data = make([]byte, n*dt.Size())
	}
	t := &serve.Tensor{}
	if err := oip.FromBytes(t, name, dt, shape, data); err != nil {
		return nil, err
	}
	return t, nil
}

// warmups are the requests that come before others.
func (t *tritonVersion) warmups() ([]foreign.Warmup, error) {
	var all []foreign.Warmup
	for i, w := range t.c.ModelWarmup {
		one := foreign.Warmup{Name: w.GetName(), Count: int(w.GetCount())}
		if one.Name == "" {
			one.Name = fmt.Sprintf("model_warmup[%d]", i)
		}
		for _, name := range t.inputsOf(w) {
			in := w.GetInputs()[name]
			shape, dt := t.batchOf(in.GetDims(), int(max(1, w.GetBatchSize()))), triton.Datatype(in.GetDataType())
			data, err := t.warmupData(in, dt, shape)
			if err != nil {
				return nil, fmt.Errorf("%s: warm-up %s: input %s: %w", triton.File, one.Name, name, err)
			}
			tensor, err := tensorOf(name, dt, shape, data)
			if err != nil {
				return nil, fmt.Errorf("%s: warm-up %s: input %s: %w", triton.File, one.Name, name, err)
			}
			one.Inputs = append(one.Inputs, tensor)
		}
		all = append(all, one)
	}
	return all, nil
}

// inputsOf are the names of a warm-up's inputs in the order of the model's.
func (t *tritonVersion) inputsOf(w *inference.ModelWarmup) []string {
	var names []string
	for _, in := range t.c.Input {
		if w.GetInputs()[in.GetName()] != nil {
			names = append(names, in.GetName())
		}
	}
	var rest []string
	for name := range w.GetInputs() {
		if !slices.Contains(names, name) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	return append(names, rest...)
}

// warmupData are the elements of an input; nil are zeros.
func (t *tritonVersion) warmupData(in *inference.ModelWarmup_Input, dt serve.Datatype, shape []int) ([]byte, error) {
	switch {
	case in.GetInputDataFile() != "":
		return t.data("warmup", in.GetInputDataFile())
	case !in.GetRandomData() || dt == serve.Bytes:
		return nil, nil
	}
	n, ok := serve.Elements(shape)
	if !ok || n > maxElements {
		return nil, fmt.Errorf("shape %v has more than %d elements", shape, maxElements)
	}
	data := make([]byte, n*dt.Size())
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same at each start, and nobody's secret
	switch dt {
	case serve.FP32:
		for i := range n {
			v := math.Float32bits(r.Float32())
			data[4*i], data[4*i+1], data[4*i+2], data[4*i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
		}
	case serve.FP64, serve.FP16, serve.BF16: // zeros: random bits could be no numbers
	case serve.Bool:
		for i := range data {
			data[i] = byte(r.IntN(2))
		}
	default:
		for i := 0; i < len(data); i += dt.Size() {
			data[i] = byte(r.IntN(128)) // small numbers: they may be places in a table
		}
	}
	return data, nil
}

// maxLabels is how large a file of labels may be.
const maxLabels = 16 << 20

// labels reads the files of labels: one a line.
func (t *tritonVersion) labels() (map[string][]string, error) {
	all := map[string][]string{}
	for output, file := range t.c.Labels() {
		data, err := t.data("", file)
		if err != nil {
			return nil, fmt.Errorf("%s: labels of output %s: %w", triton.File, output, err)
		}
		if len(data) > maxLabels {
			return nil, fmt.Errorf("%s is larger than %d bytes", file, maxLabels)
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for lines.Scan() {
			all[output] = append(all[output], strings.TrimSpace(lines.Text()))
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return all, nil
}
