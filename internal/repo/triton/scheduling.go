package triton

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
)

// scheduling checks how requests get to the model.
func (r *reader) scheduling() {
	if d := r.GetDynamicBatching(); d != nil {
		r.dynamic(d)
	}
	if s := r.GetSequenceBatching(); s != nil {
		r.sequences(s)
	}
	if e := r.GetEnsembleScheduling(); e != nil {
		r.ensemble(e)
	}
	if r.GetModelTransactionPolicy().GetDecoupled() && r.Kind != Python && !r.foreign {
		r.at("model_transaction_policy.decoupled", "only models of the python backend can answer a request more than once")
	}
	if r.GetResponseCache().GetEnable() && (r.GetModelTransactionPolicy().GetDecoupled() || r.GetSequenceBatching() != nil) {
		r.at("response_cache", "answers of models with sequences, or with several answers to a request, are not kept")
	}
}

func (r *reader) dynamic(d *inference.ModelDynamicBatching) {
	const at = "dynamic_batching"
	if r.Kind == Ensemble {
		r.at(at, "an ensemble has no batches of its own: its models have")
	}
	if r.MaxBatchSize == 0 && len(r.Input) > 0 {
		r.warn(at, "dynamic_batching puts nothing together, since max_batch_size is 0")
	}
	r.preferred(at+".preferred_batch_size", d.GetPreferredBatchSize())
	r.levels(at, d)
}

// levels checks the priorities.
func (r *reader) levels(at string, d *inference.ModelDynamicBatching) {
	levels := d.GetPriorityLevels()
	if levels == 0 { // Triton looks at nothing else then
		if d.GetDefaultPriorityLevel() > 0 {
			r.warn(at+".default_priority_level", "default_priority_level has no effect: there are no priority_levels")
		}
		for level := range d.GetPriorityQueuePolicy() {
			if level > 0 { // 0 is what {} says
				r.warn(fmt.Sprintf("%s.priority_queue_policy[%d]", at, level), "priority_queue_policy has no effect: there are no priority_levels")
			}
		}
		return
	}
	if levels > maxLevels {
		r.at(at+".priority_levels", "there are %d levels, %d are allowed", levels, maxLevels)
	}
	if n := d.GetDefaultPriorityLevel(); n > levels || n == 0 {
		r.at(at, "default_priority_level is %d: it must be one of the priority_levels, 1 to %d", n, levels)
	}
	for level := range d.GetPriorityQueuePolicy() {
		if level < 1 || level > levels {
			r.at(fmt.Sprintf("%s.priority_queue_policy[%d]", at, level), "there is no priority level %d, only 1 to %d", level, levels)
		}
	}
}

const maxLevels = 1000

func (r *reader) preferred(at string, sizes []int32) {
	for i, n := range sizes {
		if n < 1 || r.MaxBatchSize > 0 && n > r.MaxBatchSize {
			r.at(fmt.Sprintf("%s[%d]", at, i), "a preferred size is from 1 to max_batch_size, which is %d, found %d", r.MaxBatchSize, n)
		}
	}
}

// maxDelay is a time that is as good as any longer one: a hundred years. Whoever wants
// no limit of time writes the largest number there is.
const maxDelay = uint64(100 * 365 * 24 * time.Hour / time.Microsecond)

func microseconds(us uint64) time.Duration {
	return time.Duration(min(us, maxDelay)) * time.Microsecond
}

func sizes(list []int32) []int {
	out := make([]int, len(list))
	for i, n := range list {
		out[i] = int(n)
	}
	return out
}

// Batching says how requests are put together; ok is false where they are not.
// Instances is left to the caller.
func (c *Config) Batching() (o schedule.BatchOptions, ok bool) {
	if s := c.GetSequenceBatching(); s != nil {
		o.MaxRows = int(c.MaxBatchSize)
		o.Preferred = sizes(s.GetOldest().GetPreferredBatchSize())
		o.Delay = microseconds(max(s.GetOldest().GetMaxQueueDelayMicroseconds(), s.GetDirect().GetMaxQueueDelayMicroseconds()))
		return o, c.MaxBatchSize > 1
	}
	d := c.GetDynamicBatching()
	if d == nil {
		return o, false
	}
	o = schedule.BatchOptions{
		MaxRows: int(c.MaxBatchSize), Preferred: sizes(d.GetPreferredBatchSize()), Delay: microseconds(d.GetMaxQueueDelayMicroseconds()),
		Levels: int(d.GetPriorityLevels()), DefaultLevel: int(d.GetDefaultPriorityLevel()),
		Policy: policy(d.GetDefaultQueuePolicy()), Policies: map[int]schedule.Policy{},
	}
	for level, p := range d.GetPriorityQueuePolicy() {
		if level <= d.GetPriorityLevels() {
			o.Policies[int(level)] = policy(p)
		}
	}
	return o, true
}

func policy(p *inference.ModelQueuePolicy) schedule.Policy {
	return schedule.Policy{
		Timeout: microseconds(p.GetDefaultTimeoutMicroseconds()), Late: p.GetTimeoutAction() == inference.ModelQueuePolicy_DELAY,
		Override: p.GetAllowTimeoutOverride(), MaxSize: int(p.GetMaxQueueSize()),
	}
}

// sequences checks the sequence batcher.
func (r *reader) sequences(s *inference.ModelSequenceBatching) {
	const at = "sequence_batching"
	if r.Kind == Ensemble {
		r.at(at, "an ensemble has no sequences of its own: its models have")
	}
	if s.GetIterativeSequence() {
		r.at(at+".iterative_sequence", "iterative_sequence is not supported: a request is not put back into the queue by the model")
	}
	if d := s.GetDirect(); d.GetMinimumSlotUtilization() != 0 {
		r.warn(at+".direct.minimum_slot_utilization", "minimum_slot_utilization has no effect: slots without a request are not sent to the model")
	}
	if o := s.GetOldest(); o != nil && (o.GetMaxCandidateSequences() < 0 || o.GetMaxCandidateSequences() > maxSlots) {
		r.at(at+".oldest.max_candidate_sequences", "max_candidate_sequences is %d: it must be from 1 to %d", o.GetMaxCandidateSequences(), maxSlots)
	}
	r.preferred(at+".oldest.preferred_batch_size", s.GetOldest().GetPreferredBatchSize())
	seen := map[inference.ModelSequenceBatching_Control_Kind]bool{}
	for i, in := range s.GetControlInput() {
		at := fmt.Sprintf("%s.control_input[%d]", at, i)
		if in.GetName() == "" {
			r.at(at, "it has no name")
		}
		if len(in.GetControl()) != 1 {
			r.at(at, "an input takes one control, found %d", len(in.GetControl()))
			continue
		}
		ctl := in.GetControl()[0]
		if seen[ctl.GetKind()] {
			r.at(at, "%s is there twice", ctl.GetKind())
		}
		seen[ctl.GetKind()] = true
		r.control(at+".control[0]", ctl)
	}
	for i, st := range s.GetState() {
		r.state(fmt.Sprintf("%s.state[%d]", at, i), st)
	}
}

const maxSlots = 1 << 20

// identities are the datatypes that the id of a sequence may have.
var identities = []inference.DataType{
	inference.DataType_TYPE_UINT64, inference.DataType_TYPE_INT64, inference.DataType_TYPE_UINT32, inference.DataType_TYPE_INT32, inference.DataType_TYPE_STRING,
}

func (r *reader) control(at string, c *inference.ModelSequenceBatching_Control) {
	lists := 0
	for _, n := range []int{len(c.GetInt32FalseTrue()), len(c.GetFp32FalseTrue()), len(c.GetBoolFalseTrue())} {
		if n > 0 {
			lists++
		}
		if n != 0 && n != 2 {
			r.at(at, "there are two values, for false and for true, found %d", n)
		}
	}
	switch {
	case c.GetKind() == inference.ModelSequenceBatching_Control_CONTROL_SEQUENCE_CORRID:
		if !slices.Contains(identities, c.GetDataType()) {
			r.at(at, "data_type is one of TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 and TYPE_STRING, found %s", c.GetDataType())
		}
	case lists != 1:
		r.at(at, "it has one of int32_false_true, fp32_false_true and bool_false_true, found %d", lists)
	}
}

func (r *reader) state(at string, s *inference.ModelSequenceBatching_State) {
	if s.GetInputName() == "" || s.GetOutputName() == "" {
		r.at(at, "a state has an input_name and an output_name")
	}
	if s.GetDataType() == inference.DataType_TYPE_INVALID {
		r.at(at, "a state has a data_type")
	}
	r.dims(at+".dims", s.GetDims())
	if s.GetUseGrowableMemory() {
		r.warn(at+".use_growable_memory", "use_growable_memory has no effect")
	}
	if len(s.GetInitialState()) > 1 {
		r.at(at+".initial_state[1]", "a state begins with one initial_state")
	}
	if _, open := product(s.GetDims()); open > 0 && len(s.GetInitialState()) == 0 {
		r.at(at, "the lengths of the state must be known, or it needs an initial_state")
	}
	for i, init := range s.GetInitialState() {
		at := fmt.Sprintf("%s.initial_state[%d]", at, i)
		r.dims(at+".dims", init.GetDims())
		n, open := product(init.GetDims())
		switch {
		case open > 0 || n > maxWarmupSize:
			r.at(at+".dims", "the lengths must be known, and no more than %d elements, found %v", maxWarmupSize, init.GetDims())
		case init.GetDataType() != s.GetDataType():
			r.at(at, "the data_type is %s, but the state's is %s", init.GetDataType(), s.GetDataType())
		case !same(init.GetDims(), s.GetDims()):
			r.at(at+".dims", "the dims are %v, but the state's are %v", init.GetDims(), s.GetDims())
		case init.GetStateData() == nil:
			r.at(at, "it has neither zero_data nor data_file")
		case init.GetDataFile() != "" && !filepath.IsLocal(init.GetDataFile()):
			r.at(at+".data_file", "data_file must name a file in the model's folder initial_state, found %q", init.GetDataFile())
		}
	}
}

var signals = map[inference.ModelSequenceBatching_Control_Kind]schedule.Signal{
	inference.ModelSequenceBatching_Control_CONTROL_SEQUENCE_START:  schedule.SignalStart,
	inference.ModelSequenceBatching_Control_CONTROL_SEQUENCE_READY:  schedule.SignalReady,
	inference.ModelSequenceBatching_Control_CONTROL_SEQUENCE_END:    schedule.SignalEnd,
	inference.ModelSequenceBatching_Control_CONTROL_SEQUENCE_CORRID: schedule.SignalID,
}

// Sequences says how sequences are served by so many instances; ok is false where
// there are none. The states are left to the caller, who can read files.
func (c *Config) Sequences(instances int) (o schedule.SequenceOptions, ok bool) {
	s := c.GetSequenceBatching()
	if s == nil {
		return o, false
	}
	o.Batched = c.MaxBatchSize > 0
	o.Idle = microseconds(s.GetMaxSequenceIdleMicroseconds())
	o.Slots = max(1, instances) * max(1, int(c.MaxBatchSize))
	if n := int(s.GetOldest().GetMaxCandidateSequences()); n > 0 {
		o.Slots = max(1, instances) * n
	}
	for _, in := range s.GetControlInput() {
		ctl := in.GetControl()[0]
		out := schedule.Control{Name: in.GetName(), Signal: signals[ctl.GetKind()], True: 1, Datatype: Datatype(ctl.GetDataType())}
		switch {
		case out.Signal == schedule.SignalID:
		case len(ctl.GetFp32FalseTrue()) == 2:
			out.Datatype, out.False, out.True = serve.FP32, float64(ctl.GetFp32FalseTrue()[0]), float64(ctl.GetFp32FalseTrue()[1])
		case len(ctl.GetBoolFalseTrue()) == 2:
			out.Datatype = serve.Bool
		default:
			out.Datatype, out.False, out.True = serve.Int32, float64(ctl.GetInt32FalseTrue()[0]), float64(ctl.GetInt32FalseTrue()[1])
		}
		o.Controls = append(o.Controls, out)
	}
	return o, true
}
