package triton

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/leat-ml/leat/oip/inference"
)

// versions checks which versions are to be served, and files by name.
func (r *reader) versions() {
	p := r.GetVersionPolicy()
	switch {
	case p.GetLatest() != nil && p.GetLatest().GetNumVersions() == 0:
		r.at("version_policy.latest", "num_versions is 0: it must be 1 or more")
	case p.GetSpecific() != nil && len(p.GetSpecific().GetVersions()) == 0:
		r.at("version_policy.specific", "there are no versions in it")
	case p.GetSpecific() != nil:
		for i, v := range p.GetSpecific().GetVersions() {
			if v < 1 {
				r.at(fmt.Sprintf("version_policy.specific.versions[%d]", i), "a version is a whole number from 1, found %d", v)
			}
		}
	}
	if f := r.DefaultModelFilename; f != "" && !filepath.IsLocal(f) {
		r.at("default_model_filename", "default_model_filename must name a file in the version's folder, found %q", f)
	}
	for i, out := range r.Output {
		if f := out.GetLabelFilename(); f != "" && !filepath.IsLocal(f) {
			r.at(fmt.Sprintf("output[%d].label_filename", i), "label_filename must name a file in the model's folder, found %q", f)
		}
	}
}

// Serves chooses of the versions there are, ascending, those that are served: the
// latest where nothing is said. missing are those that are wanted and not there.
func (c *Config) Serves(there []string) (served, missing []string) {
	p := c.GetVersionPolicy()
	switch {
	case p.GetAll() != nil:
		return there, nil
	case p.GetSpecific() != nil:
		for _, v := range p.GetSpecific().GetVersions() {
			number := strconv.FormatInt(v, 10)
			if !slices.Contains(there, number) {
				missing = append(missing, number)
			}
		}
		for _, number := range there {
			v, err := strconv.ParseInt(number, 10, 64)
			if err == nil && slices.Contains(p.GetSpecific().GetVersions(), v) {
				served = append(served, number)
			}
		}
		return served, missing
	}
	n := int(max(1, min(p.GetLatest().GetNumVersions(), 1<<20)))
	return there[max(0, len(there)-n):], nil
}

// maxInstances is how many instances a model may have.
const maxInstances = 1024

// instances checks how often the model is there.
func (r *reader) instances() {
	if r.Kind == Ensemble && len(r.InstanceGroup) > 0 {
		r.at("instance_group", "an ensemble has no instances of its own: its models have")
	}
	for i, g := range r.InstanceGroup {
		at := fmt.Sprintf("instance_group[%d]", i)
		if g.GetCount() < 0 || g.GetCount() > maxInstances {
			r.at(at+".count", "count is %d: it must be from 1 to %d", g.GetCount(), maxInstances)
		}
		switch {
		case g.GetKind() == inference.ModelInstanceGroup_KIND_GPU:
			r.warn(at+".kind", "there is no GPU: the model runs on the processors")
		case len(g.GetGpus()) > 0:
			r.warn(at+".gpus", "there is no GPU: the model runs on the processors")
		}
		if g.GetPassive() {
			r.at(at+".passive", "passive is not supported: instances that take no requests are not made")
		}
		if g.GetHostPolicy() != "" {
			r.warn(at+".host_policy", "host_policy has no effect: the system places threads")
		}
		if g.GetRateLimiter() != nil {
			r.warn(at+".rate_limiter", "rate_limiter has no effect: executions are limited by count, and not by resources")
		}
		if len(g.GetSecondaryDevices()) > 0 {
			r.warn(at+".secondary_devices", "secondary_devices has no effect: there are no devices but processors")
		}
		if len(g.GetProfile()) > 0 {
			r.warn(at+".profile", "profile has no effect: it is for TensorRT")
		}
	}
	if n := r.Instances(); n > maxInstances {
		r.at("instance_group", "there are %d instances in all: %d are allowed", n, maxInstances)
	}
}

// Instances is how many executions there may be at a time; 0 where that is not
// said.
func (c *Config) Instances() int {
	n := 0
	for _, g := range c.InstanceGroup {
		n += max(0, min(int(g.GetCount()), maxInstances))
	}
	return n
}

// unsupported tells of what would change answers, and is not served. Fields that are
// there with nothing in them are those of tools that write all of them down.
func (r *reader) unsupported() {
	if r.Runtime != "" {
		r.at("runtime", "runtime %q is not supported: backends are a part of the server", r.Runtime)
	}
	for _, f := range []struct {
		name, why string
		there     bool
	}{
		{"batch_input", "inputs are not made up from the shapes of a batch", len(r.BatchInput) > 0},
		{"batch_output", "outputs are not cut by the shapes of a batch", len(r.BatchOutput) > 0},
		{"cc_model_filenames", "there is no GPU to have a compute capability", says(r.CcModelFilenames)},
		{"model_operations", "libraries of operations are not loaded", len(r.GetModelOperations().GetOpLibraryFilename()) > 0},
		{"model_repository_agents", "libraries that change a model before it is loaded are not run", len(r.GetModelRepositoryAgents().GetAgents()) > 0},
	} {
		if f.there {
			r.at(f.name, "%s is not supported: %s", f.name, f.why)
		}
	}
}

// says is whether a map has more in it than the entry that {} is.
func says(m map[string]string) bool {
	for key, value := range m {
		if key != "" || value != "" {
			return true
		}
	}
	return false
}

// without warns of what has no effect here.
func (r *reader) without() {
	if says(r.MetricTags) {
		r.warn("metric_tags", "metric_tags has no effect: metrics have the model's name and version")
	}
	if len(r.GetModelMetrics().GetMetricControl()) > 0 {
		r.warn("model_metrics", "model_metrics has no effect: the buckets of metrics are the server's")
	}
	o := r.Optimization
	if o == nil {
		return
	}
	if o.GetCuda() != nil {
		r.warn("optimization.cuda", "cuda has no effect: there is no GPU")
	}
	if a := o.GetExecutionAccelerators(); len(a.GetGpuExecutionAccelerator())+len(a.GetCpuExecutionAccelerator()) > 0 {
		r.warn("optimization.execution_accelerators", "execution_accelerators has no effect: there are none, and the model runs on the processors")
	}
	if o.GetPriority() != inference.ModelOptimizationPolicy_PRIORITY_DEFAULT {
		r.warn("optimization.priority", "priority has no effect: the processors serve all models alike")
	}
	if o.GetEagerBatching() {
		r.warn("optimization.eager_batching", "eager_batching has no effect")
	}
	if o.GetGraph() != nil && r.Kind != ONNX && r.Kind != ByFile {
		r.warn("optimization.graph", "graph has no effect: it is for onnxruntime")
	}
}

// warmup checks the requests that are put to the model before others.
func (r *reader) warmup() {
	for i, w := range r.ModelWarmup {
		at := fmt.Sprintf("model_warmup[%d]", i)
		if max(1, w.GetBatchSize()) > max(1, uint32(max(0, r.MaxBatchSize))) {
			r.at(at+".batch_size", "batch_size is %d, but max_batch_size is %d", w.GetBatchSize(), r.MaxBatchSize)
		}
		if w.GetCount() > maxWarmups {
			r.at(at+".count", "count is %d, %d are allowed", w.GetCount(), maxWarmups)
		}
		for name, in := range w.GetInputs() {
			at := fmt.Sprintf("%s.inputs[%s]", at, name)
			r.warmupInput(at, in, max(1, int64(w.GetBatchSize())))
			if len(r.Input) > 0 && !r.ofSequence(name) {
				r.warmupFits(at, name, in)
			}
		}
	}
}

// warmupFits checks that an input of a warm-up is one of the model's.
func (r *reader) warmupFits(at, name string, in *inference.ModelWarmup_Input) {
	i := slices.IndexFunc(r.Input, func(i *inference.ModelInput) bool { return i.GetName() == name })
	if i < 0 {
		r.at(at, "the model has no input %q", name)
		return
	}
	want := r.Input[i]
	if dt := in.GetDataType(); dt != want.GetDataType() && dt != inference.DataType_TYPE_INVALID {
		r.at(at+".data_type", "input %q is %s, found %s", name, want.GetDataType(), dt)
	}
	if !same(in.GetDims(), want.GetDims()) {
		r.at(at+".dims", "input %q has the dims %v, found %v", name, want.GetDims(), in.GetDims())
	}
}

// same says whether two shapes can be the same.
func same(a, b []int64) bool {
	differ := func(n, other int64) bool { return n >= 0 && other >= 0 && n != other }
	fits := len(a) == len(b)
	for i := 0; fits && i < len(a); i++ {
		fits = !differ(a[i], b[i])
	}
	return fits
}

// ofSequence says whether an input is one by which the server tells the model of its
// sequence.
func (r *reader) ofSequence(name string) bool {
	s := r.GetSequenceBatching()
	return slices.ContainsFunc(s.GetControlInput(), func(c *inference.ModelSequenceBatching_ControlInput) bool { return c.GetName() == name }) ||
		slices.ContainsFunc(s.GetState(), func(s *inference.ModelSequenceBatching_State) bool { return s.GetInputName() == name })
}

// maxWarmups is how often one request may be put to the model, and maxWarmupSize
// how many elements a tensor of it may have.
const (
	maxWarmups    = 100_000
	maxWarmupSize = 1 << 28
)

func (r *reader) warmupInput(at string, in *inference.ModelWarmup_Input, rows int64) {
	n, open := product(in.GetDims())
	switch {
	case open > 0:
		r.at(at+".dims", "the lengths must be known, found %v", in.GetDims())
	case n > maxWarmupSize/rows:
		r.at(at+".dims", "there are %d elements in each of %d rows, %d are allowed in all", n, rows, maxWarmupSize)
	case in.GetDataType() == inference.DataType_TYPE_INVALID:
		r.at(at, "it has no data_type")
	case in.GetInputDataType() == nil:
		r.at(at, "it has none of zero_data, random_data and input_data_file")
	case in.GetInputDataFile() != "" && !filepath.IsLocal(in.GetInputDataFile()):
		r.at(at+".input_data_file", "input_data_file must name a file in the model's folder warmup, found %q", in.GetInputDataFile())
	}
	r.dims(at+".dims", in.GetDims())
}
