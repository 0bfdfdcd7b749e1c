package triton

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
)

const (
	in  = `input [ { name: "x" data_type: TYPE_FP32 dims: [ 2 ] } ] `
	out = `output [ { name: "y" data_type: TYPE_FP32 dims: [ 2 ] } ] `
)

func told(problems []graph.Problem) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

func TestProblems(t *testing.T) {
	ends := in + out
	for text, want := range map[string]string{
		ends:                        "",
		`name: "n"`:                 `1:1: the name is "n", but the model's folder is "m": they must be the same`,
		`platform: "tensorrt_plan"`: `1:1: platform "tensorrt_plan" is not supported (there are onnxruntime, fil, python and ensemble): export the model as ONNX`,
		`backend: "mine"`:           `1:1: backend "mine" is not supported (there are onnxruntime, fil, python and ensemble)`,
		`backend: "python" platform: "onnxruntime_onnx"`:             `1:19: warning: platform "onnxruntime_onnx" has no effect: the model's backend is "python"`,
		`backend: "python" platform: "pytorch"`:                      `1:19: warning: platform "pytorch" has no effect: the model's backend is "python"`,
		`backend: "python" platform: "ensemble"`:                     `1:19: platform "ensemble" and backend "python" disagree`,
		`backend: "python" optimization { graph { level: 9 } }`:      "1:19: warning: graph has no effect: it is for onnxruntime",
		`backend: "onnxruntime" optimization { graph { level: 9 } }`: "1:19: level is -1, 1 or 2, found 9",
		`sequence_batching { state { input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1, -1 ] initial_state { name: "n" data_type: TYPE_FP32 dims: [ 3, 3 ] zero_data: true } } }`: "1:47: the dims are [3 3], but the state's are [1 -1]",
		`platform: "ensemble"`:                                    "1:1: an ensemble needs ensemble_scheduling",
		"max_batch_size: -1":                                      "1:1: max_batch_size is -1, which is negative",
		"batch_input { }\nbatch_output { }":                       "1:1: batch_input is not supported: inputs are not made up from the shapes of a batch\n2:1: batch_output is not supported: outputs are not cut by the shapes of a batch",
		`cc_model_filenames { key: "8.0" value: "m.plan" }`:       "1:1: cc_model_filenames is not supported: there is no GPU to have a compute capability",
		`model_operations { op_library_filename: "ops.so" }`:      "1:1: model_operations is not supported: libraries of operations are not loaded",
		`model_repository_agents { agents { name: "checksum" } }`: "1:1: model_repository_agents is not supported: libraries that change a model before it is loaded are not run",
		`model_metrics { metric_control { metric_identifier { family: "f" } histogram_options { buckets: [ 1, .5 ] } } }`: "1:1: warning: model_metrics has no effect: the buckets of metrics are the server's",
		"instance_group { rate_limiter { resources { name: \"R\" count: 2 } } }":                                          "1:18: warning: rate_limiter has no effect: executions are limited by count, and not by resources",
		"instance_group { secondary_devices { kind: KIND_NVDLA device_id: 1 } }":                                          "1:18: warning: secondary_devices has no effect: there are no devices but processors",
		`instance_group { profile: "1" }`: "1:18: warning: profile has no effect: it is for TensorRT",
		`backend: "onnxruntime" optimization { execution_accelerators { gpu_execution_accelerator : [ { name: "tensorrt" parameters { key: "precision_mode" value: "FP16" } } ] } }`: "1:40: warning: execution_accelerators has no effect: there are none, and the model runs on the processors",
		`optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }`:                                                                                 "1:16: warning: execution_accelerators has no effect: there are none, and the model runs on the processors",
		"optimization { cuda { graphs: true graph_spec { batch_size: 1 input { key: \"x\" value { dim: 2 } } } } }":                                                                  "1:16: warning: cuda has no effect: there is no GPU",
		"optimization { execution_accelerators { gpu_execution_accelerator { name: \"tensorrt\" precision: 1 } } }":                                                                  "1:16: warning: execution_accelerators has no effect: there are none, and the model runs on the processors\n1:86: unknown field \"precision\" in Accelerator",
		"runtime: \"\" batch_input: [] batch_output: [] optimization: { eager_batching: false } dynamic_batching { priority_levels: 0 default_priority_level: 0 priority_queue_policy: {} }\n" +
			"instance_group: [ { gpus: [] secondary_devices: [] profile: [] passive: false } ] cc_model_filenames: {} metric_tags: {} parameters: {} model_warmup: [] model_operations: {} model_repository_agents {}": "",
		`backend: "onnxruntime" parameters: {}`:                                           "",
		"dynamic_batching { default_priority_level: 1 priority_queue_policy { key: 2 } }": "1:1: warning: default_priority_level has no effect: there are no priority_levels\n1:1: warning: priority_queue_policy has no effect: there are no priority_levels",
		"dynamic_batching { max_queue_delay_microseconds: 18446744073709551615 default_queue_policy { default_timeout_microseconds: 18446744073709551615 } }":                                                "",
		`input { name: "x" data_type: TYPE_FP32 dims: 1 is_non_linear_format_io: true }`:                                                                                                                     "1:40: warning: is_non_linear_format_io has no effect: it is for TensorRT",
		`backend: "vllm" model_transaction_policy { decoupled: True }`:                                                                                                                                       `1:1: backend "vllm" is not supported (there are onnxruntime, fil, python and ensemble): let a server of language models serve it`,
		`parameters { key: "a" value { string_value: "1" } } parameters { key: "a" value { string_value: "2" } }`:                                                                                            `1:66: warning: parameters has the key "a" twice: what stands here counts`,
		ends + `parameters { key: "a" } ensemble_scheduling { max_inflight_requests: 2 step { model_name: "a" model_namespace: "n" input_map { key: "i" value: "x" } output_map { key: "o" value: "y" } } }`: `1:40: warning: parameter "a" has no effect: an ensemble has none` + "\n1:40: warning: max_inflight_requests has no effect: steps have limits of their own, in the models' dynamic_batching\n1:40: model_namespace is not supported: the repository has one namespace",
		`input { data_type: TYPE_FP32 dims: 1 }`:                                                            "1:7: it has no name",
		`input { name: "x" dims: 0 }`:                                                                       "1:7: \"x\" has no data_type\n1:25: a dimension is a length from 1, or -1 for any, found 0",
		in + `input { name: "x" data_type: TYPE_BOOL dims: 1 }`:                                             `1:70: "x" is there twice`,
		`input { name: "x" data_type: TYPE_FP32 dims: 4 reshape { shape: [ 2, 3 ] } }`:                      `1:49: the shape [2 3] has not as many elements as dims [4]`,
		`input { name: "x" data_type: TYPE_FP32 dims: 1 is_shape_tensor: true }`:                            `1:40: is_shape_tensor is not supported: it is for TensorRT`,
		`input { name: "x" data_type: TYPE_FP32 }`:                                                          `1:7: "x" has no dims: a single element is dims: [ 1 ], with reshape { shape: [ ] } if the model wants none`,
		`input { name: "x" data_type: TYPE_FP32 dims: [ 2, 2 ] format: FORMAT_NHWC }`:                       `1:40: FORMAT_NHWC is of 3 dims, found 2`,
		`backend: "fil" ` + in + `output { name: "y" data_type: TYPE_INT32 dims: 1 }`:                       `1:40: backend fil answers in TYPE_FP32, found TYPE_INT32`,
		in + `model_warmup { inputs { key: "x" value { data_type: TYPE_INT32 dims: 2 zero_data: true } } }`: `1:40: input "x" is TYPE_FP32, found TYPE_INT32`,
		in + `model_warmup { inputs { key: "x" value { data_type: TYPE_FP32 dims: 3 zero_data: true } } }`:  `1:40: input "x" has the dims [2], found [3]`,
		`max_batch_size: 64 input { name: "x" data_type: TYPE_FP32 dims: [ 3, 640, 640 ] } model_warmup { batch_size: 64 inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 3, 640, 640 ] random_data: true } } }`:   "",
		`max_batch_size: 512 input { name: "x" data_type: TYPE_FP32 dims: [ 3, 640, 640 ] } model_warmup { batch_size: 512 inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 3, 640, 640 ] random_data: true } } }`: "1:40: there are 1228800 elements in each of 512 rows, 268435456 are allowed in all",
		in + `model_warmup { inputs { key: "z" value { data_type: TYPE_FP32 dims: 3 zero_data: true } } }`:                                                                                                               `1:40: the model has no input "z"`,
		in + `model_warmup { inputs { key: "S" value { data_type: TYPE_INT32 dims: 1 zero_data: true } } } sequence_batching { control_input { name: "S" control { int32_false_true: [ 0, 1 ] } } }`:                     "",
		ends + `ensemble_scheduling { step { model_name: "a" input_map { key: "i" value: "x" } output_map [ { key: "o" value: "y" }, { key: "p" value: "w" } ] } }`:                                                      `1:40: tensor "w" goes nowhere: no step takes it, and it is no output`,
		`input { name: "x" data_type: TYPE_FP32 dims: [ 2, 2, 3 ] format: FORMAT_NCHW }`:                                                                                                                                 `1:40: warning: format has no effect: the model's file says what the dimensions are`,
		"version_policy { latest { } }":                                                     "1:18: num_versions is 0: it must be 1 or more",
		"version_policy { specific { versions: 0 } }":                                       "1:39: a version is a whole number from 1, found 0",
		`default_model_filename: "../x"`:                                                    `1:1: default_model_filename must name a file in the version's folder, found "../x"`,
		"instance_group { kind: KIND_GPU }":                                                 "1:18: warning: there is no GPU: the model runs on the processors",
		"instance_group [ { count: 1000 }, { count: 25 } ]":                                 "1:1: there are 1025 instances in all: 1024 are allowed",
		"instance_group { count: 9999 }":                                                    "1:18: count is 9999: it must be from 1 to 1024",
		"instance_group { passive: true }":                                                  "1:18: passive is not supported: instances that take no requests are not made",
		`runtime: "x.so"`:                                                                   `1:1: runtime "x.so" is not supported: backends are a part of the server`,
		"max_batch_size: 4 dynamic_batching { preferred_batch_size: 5 }":                    "1:60: a preferred size is from 1 to max_batch_size, which is 4, found 5",
		"dynamic_batching { priority_levels: 2 }":                                           "1:1: default_priority_level is 0: it must be one of the priority_levels, 1 to 2",
		in + "dynamic_batching { }":                                                         "1:60: warning: dynamic_batching puts nothing together, since max_batch_size is 0",
		"sequence_batching { iterative_sequence: true }":                                    "1:21: iterative_sequence is not supported: a request is not put back into the queue by the model",
		`sequence_batching { control_input { name: "S" control { int32_false_true: 1 } } }`: "1:47: there are two values, for false and for true, found 1",
		`sequence_batching { control_input { name: "S" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32 } } }`: "1:47: data_type is one of TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 and TYPE_STRING, found TYPE_FP32",
		"model_transaction_policy { decoupled: true }":                                                                     "1:28: only models of the python backend can answer a request more than once",
		"sequence_batching { } response_cache { enable: true }":                                                            "1:23: answers of models with sequences, or with several answers to a request, are not kept",
		`backend: "onnxruntime" parameters { key: "intra_op_thread_count" value { string_value: "many" } }`:                `1:35: parameter "intra_op_thread_count" is "many", and not a number of threads`,
		`backend: "onnxruntime" parameters { key: "x" }`:                                                                   `1:35: warning: parameter "x" has no effect: it is none of backend onnxruntime`,
		`backend: "fil" ` + ends + `parameters { key: "model_type" value { string_value: "treelite_checkpoint" } }`:        `1:130: model_type treelite_checkpoint is not supported: save the model itself, as xgboost_json, xgboost_ubj or lightgbm`,
		`backend: "fil"`: "1:1: a model of backend fil declares one input and one output, found 0 and 0",
		`backend: "python" parameters { key: "EXECUTION_ENV_PATH" }`:   "1:30: EXECUTION_ENV_PATH is not supported: activate the environment before the server starts, or name its interpreter",
		`model_warmup { batch_size: 2 inputs { key: "x" value { } } }`: "1:16: batch_size is 2, but max_batch_size is 0\n1:38: it has no data_type",
		"ensemble_scheduling { }":                                      "1:1: an ensemble has steps",
		ends + `ensemble_scheduling { step { model_name: "a" input_map { key: "i" value: "z" } output_map { key: "o" value: "y" } } }`: `1:11: no step takes input "x"` + "\n" + `1:142: tensor "z" is neither an input nor an output of a step`,
		ends + `ensemble_scheduling { step { model_name: "a" input_map { key: "i" value: "y" } output_map { key: "o" value: "y" } } }`: `1:11: no step takes input "x"` + "\n" + `1:142: the step waits for itself: its inputs come from its own outputs`,
		ends + `ensemble_scheduling { step { model_name: "m" input_map { key: "i" value: "x" } output_map { key: "o" value: "x" } } }`: "1:70: no step answers with \"y\"\n" + `1:144: the ensemble is a step of itself` + "\n" + `1:204: tensor "x" is there already: it is an input or an output of another step`,
	} {
		_, problems := Read([]byte(text), "m")
		if got := told(problems); places(got) != places(want) {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// places is text without columns, which the tests of textformat are about.
func places(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if parts := strings.SplitN(line, ":", 3); len(parts) == 3 && len(parts[1]) < 4 {
			lines[i] = parts[0] + ":" + parts[2]
		}
	}
	return strings.Join(lines, "\n")
}

func read(t *testing.T, text string) *Config {
	t.Helper()
	c, problems := Read([]byte(text), "m")
	if len(problems) > 0 {
		t.Fatal(told(problems))
	}
	return c
}

func TestVersions(t *testing.T) {
	there := []string{"1", "2", "10"}
	for text, want := range map[string]string{
		"":                           "[10] []",
		"version_policy { all { } }": "[1 2 10] []",
		"version_policy { latest { num_versions: 2 } }":       "[2 10] []",
		"version_policy { latest { num_versions: 9 } }":       "[1 2 10] []",
		"version_policy { specific { versions: [ 1, 10 ] } }": "[1 10] []",
		"version_policy { specific { versions: [ 1, 3 ] } }":  "[1] [3]",
	} {
		served, missing := read(t, text).Serves(there)
		if got := fmt.Sprint(served, missing); got != want {
			t.Errorf("%s serves %s, want %s", text, got, want)
		}
	}
}

func TestSchemas(t *testing.T) {
	c := read(t, `max_batch_size: 8 input { name: "x" data_type: TYPE_STRING dims: 1 reshape { } optional: true }
		output { name: "y" data_type: TYPE_BF16 dims: [ -1, 3 ] reshape { shape: [ 3, -1 ] } label_filename: "l.txt" }`)
	for _, d := range []string{
		cmp.Diff([]serve.TensorSpec{{Name: "x", Datatype: serve.Bytes, Shape: []int{-1, 1}, Optional: true}}, c.Inputs()),
		cmp.Diff([]serve.TensorSpec{{Name: "x", Datatype: serve.Bytes, Shape: []int{-1}, Optional: true}}, c.ModelInputs()),
		cmp.Diff([]serve.TensorSpec{{Name: "y", Datatype: serve.BF16, Shape: []int{-1, -1, 3}}}, c.Outputs()),
		cmp.Diff([]serve.TensorSpec{{Name: "y", Datatype: serve.BF16, Shape: []int{-1, 3, -1}}}, c.ModelOutputs()),
		cmp.Diff(map[string]string{"y": "l.txt"}, c.Labels()),
	} {
		if d != "" {
			t.Error(d)
		}
	}
	if !c.Reshapes() || read(t, in).Reshapes() {
		t.Error("reshape is not seen, or where there is none")
	}
}

func TestScheduling(t *testing.T) {
	c := read(t, `max_batch_size: 8 instance_group [ { count: 2 }, { count: 1 } ] dynamic_batching { preferred_batch_size: [ 2, 4 ] max_queue_delay_microseconds: 100
		priority_levels: 2 default_priority_level: 1 default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 5 max_queue_size: 7 }
		priority_queue_policy { key: 2 value { allow_timeout_override: true } } }`)
	o, ok := c.Batching()
	want := schedule.BatchOptions{
		MaxRows: 8, Preferred: []int{2, 4}, Delay: 100 * time.Microsecond, Levels: 2, DefaultLevel: 1,
		Policy: schedule.Policy{Timeout: 5 * time.Microsecond, Late: true, MaxSize: 7}, Policies: map[int]schedule.Policy{2: {Override: true}},
	}
	if d := cmp.Diff(want, o); d != "" || !ok || c.Instances() != 3 {
		t.Error(d, ok, c.Instances())
	}
	c = read(t, `max_batch_size: 4 sequence_batching { max_sequence_idle_microseconds: 9 oldest { max_candidate_sequences: 6 max_queue_delay_microseconds: 3 }
		control_input [ { name: "S" control { fp32_false_true: [ -1, 2 ] } }, { name: "R" control { kind: CONTROL_SEQUENCE_READY bool_false_true: [ false, true ] } },
		{ name: "C" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } } ] }`)
	got, ok := c.Sequences(2)
	sequences := schedule.SequenceOptions{Slots: 12, Idle: 9 * time.Microsecond, Batched: true, Controls: []schedule.Control{
		{Name: "S", Signal: schedule.SignalStart, Datatype: serve.FP32, False: -1, True: 2},
		{Name: "R", Signal: schedule.SignalReady, Datatype: serve.Bool, True: 1},
		{Name: "C", Signal: schedule.SignalID, Datatype: serve.Bytes, True: 1},
	}}
	if d := cmp.Diff(sequences, got); d != "" || !ok {
		t.Error(d, ok)
	}
}

func TestDocument(t *testing.T) {
	c := read(t, `backend: "onnxruntime" max_batch_size: 2 parameters { key: "intra_op_thread_count" value { string_value: "3" } } optimization { graph { level: 1 } }`)
	inputs := []serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1, 4}}}
	doc, err := oip.AppendValue(nil, c.Completed("m", "onnxruntime_onnx", inputs, inputs).Document())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"name":"m"`, `"platform":"onnxruntime_onnx"`, `"version_policy":{"latest":{"num_versions":1}}`, `"max_batch_size":2`, `"optimization":{"graph":{"level":1}`,
		`"input":[{"name":"x","data_type":"TYPE_FP32","format":"FORMAT_NONE","dims":[4],`, `"parameters":{"intra_op_thread_count":{"string_value":"3"}}`,
	} {
		if !strings.Contains(string(doc), part) {
			t.Errorf("%s is not in %s", part, doc)
		}
	}
	if d := cmp.Diff(map[string]any{"intra_op_threads": int64(3), "graph_optimization": "extended"}, c.RuntimeParameters()); d != "" {
		t.Error(d)
	}
}

func TestFiles(t *testing.T) {
	for text, want := range map[string]string{
		"": "[]", `backend: "onnxruntime"`: "[model.onnx]", `backend: "python"`: "[model.py]", `backend: "python" default_model_filename: "x.py"`: "[x.py]",
		`backend: "fil" ` + in + out: "[xgboost.model]",
		`backend: "fil" ` + in + out + `parameters { key: "model_type" value { string_value: "lightgbm" } }`: "[model.txt]",
	} {
		if got := fmt.Sprint(read(t, text).Files()); got != want {
			t.Errorf("%s has %s, want %s", text, got, want)
		}
	}
}

// FuzzRead reads anything, and uses what was read without problems.
func FuzzRead(f *testing.F) {
	shared := os.Getenv("LEAT_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	files, _ := filepath.Glob(filepath.Join(shared, "models", "triton_repository", "*", "config.pbtxt"))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			f.Add(string(text))
		}
	}
	f.Add(`max_batch_size: 8 dynamic_batching { priority_levels: 2 default_priority_level: 1 } ` + in + out)
	f.Add(in + out + `ensemble_scheduling { step { model_name: "a" input_map { key: "i" value: "x" } output_map { key: "o" value: "y" } } }`)
	f.Fuzz(func(t *testing.T, text string) {
		c, problems := Read([]byte(text), "m")
		for _, p := range problems {
			if !p.Warning {
				return
			}
		}
		c.Serves([]string{"1", "2"})
		c.Batching()
		c.Sequences(2)
		c.Steps()
		c.Files()
		c.RuntimeParameters()
		if _, err := oip.AppendValue(nil, c.Completed("m", "", c.Inputs(), c.ModelOutputs()).Document()); err != nil && !strings.Contains(text, "nan") && !strings.Contains(text, "inf") {
			t.Fatal(err)
		}
	})
}
