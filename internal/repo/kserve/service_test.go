package kserve

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const head = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: iris, labels: {a: b}}\n"

func TestRead(t *testing.T) {
	for text, want := range map[string]Service{
		"spec: {predictor: {model: {modelFormat: {name: xgboost}, storageUri: file:///m/x.json}}}": {Name: "iris", Format: "xgboost", Runtime: "xgboost", Storage: "/m/x.json"},
		"spec: {predictor: {sklearn: {storageUri: s3://b/m}}}":                                     {Name: "iris", Format: "sklearn", Runtime: "sklearn", Storage: "s3://b/m"},
		"spec: {predictor: {batcher: {maxLatency: 5}, triton: {storageUri: models}}}":              {Name: "iris", Format: "triton", Storage: "models", MaxBatch: 32, Latency: 5 * time.Millisecond},
	} {
		got, problems := Read("s.yaml", []byte(head+text))
		if d := cmp.Diff(&want, got); d != "" || len(problems) > 0 {
			t.Error(text, d, problems)
		}
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"spec: {predictor: {}}":                                          "the predictor has no model",
		"spec: {predictor: {sklearn: {}}}":                               "storageUri is missing",
		"spec: {predictor: {tensorflow: {storageUri: x}}}":               `format "tensorflow" is not supported (there are catboost, lightgbm, onnx, sklearn, triton and xgboost): export the model as ONNX`,
		"spec: {predictor: {model: {modelFormat: {name: vLLM}}}}":        `format "vLLM" is not supported (there are catboost, lightgbm, onnx, sklearn, triton and xgboost): export the model as ONNX, or let`,
		"spec: {predictor: {sklearn: {storageUri: 'oci+native://a/b'}}}": "storageUri oci+native:// is not supported",
		"spec: {predictor: {storageUris: [{uri: x}]}}":                   "storageUris is not supported: name the place of the model with storageUri in model",
		"spec: {predictor: {sklearn: {storageUri: 'pvc://a/b'}}}":        "storageUri pvc:// is not supported",
		"spec: {predictor: {containers: []}}":                            "containers is not supported",
		"spec: {predictor: {}, transformer: {containers: []}}":           "transformer is not supported",
		"spec: {predictor: {modell: {}}}":                                `unknown key "modell" (did you mean "model"?)`,
		"spec: {predictor: {batcher: {maxBatchSize: 0}}}":                "maxBatchSize is a whole number from 1, found 0",
		"spec: {predictor: {initContainers: []}}":                        "initContainers is not supported",
		"spec: {predictor: {dnsPolicy: None, sklearn: {storageUri: x}}}": "dnsPolicy has no effect: it is the cluster's",
		"spec: {predictor: {sklearn: {storageUri: x, lifecycle: {}}}}":   "lifecycle has no effect: it is the container's",
		"spec: {predictor: {minReplicas: 1, sklearn: {storageUri: x}}}":  "minReplicas has no effect: it is the cluster's",
	} {
		_, problems := Read("s.yaml", []byte(head+text))
		if len(problems) == 0 || !strings.HasPrefix(problems[0].Msg, want) || problems[0].Pos.Line == 0 {
			t.Errorf("%s: %v, want %s", text, problems, want)
		}
	}
	kinds(t)
	_, problems := Read("g.yaml", []byte("apiVersion: serving.kserve.io/v1alpha1\nkind: InferenceGraph\n"))
	if len(problems) != 1 || problems[0].String() != "2:1: kind InferenceGraph is not served: write its nodes as a graph in server.yaml" {
		t.Error(problems)
	}
}

// kinds are those that are not served, and what is told of them.
func kinds(t *testing.T) {
	t.Helper()
	for text, want := range map[string]string{
		"apiVersion: serving.kubeflow.org/v1alpha2\nkind: InferenceService\n": "1:1: apiVersion serving.kubeflow.org/v1alpha2 is not served: write the service as serving.kserve.io/v1beta1 has it, with spec.predictor",
		"apiVersion: serving.kubeflow.org/v1alpha1\nkind: KFService\n":        "1:1: apiVersion serving.kubeflow.org/v1alpha1 is not served: write the service as serving.kserve.io/v1beta1 has it, with spec.predictor",
		"apiVersion: serving.kserve.io/v1alpha1\nkind: TrainedModel\n":        "2:1: kind TrainedModel is not served: write an InferenceService for it, or put the models into one folder",
		"apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\n":      "2:1: warning: kind ServingRuntime has no effect: it is the cluster's",
		"apiVersion: serving.kserve.io/v1beta1\n":                             "1:1: kind is missing",
		"kind: InferenceService\n":                                            "1:1: warning: kind InferenceService has no effect: it is the cluster's",
	} {
		if _, problems := Read("k.yaml", []byte(text)); len(problems) != 1 || problems[0].String() != want {
			t.Errorf("%s: %v, want %s", text, problems, want)
		}
	}
}

// TestReadAll reads files with several documents, whose problems have their places.
func TestReadAll(t *testing.T) {
	const (
		secret = "# first\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
		graph  = "apiVersion: serving.kserve.io/v1alpha1\nkind: InferenceGraph\nmetadata: {name: g}\n"
		iris   = head + "spec: {predictor: {sklearn: {storageUri: x}}}\n"
		old    = "apiVersion: serving.kubeflow.org/v1beta1\nkind: InferenceService\nmetadata: {name: old}\nspec: {predictor: {xgboost: {storageUri: y}}}"
	)
	for _, tt := range []struct{ text, want string }{
		{iris, "iris sklearn x"},
		{"\xef\xbb\xbf--- # a\n" + iris + "---\n---\n# nothing\n", "iris sklearn x"},
		{secret + "---\n" + iris + "---\n" + graph + "--- \n" + old, "iris sklearn x: 4:1: warning: kind Secret has no effect: it is the cluster's\n" +
			"g  : 13:1: kind InferenceGraph is not served: write its nodes as a graph in server.yaml\nold xgboost y"},
		{secret, "  : 4:1: kind Secret has no effect: it is the cluster's"},
		{iris + "---\n{", "iris sklearn x\n  : 6:2: not YAML: did not find expected node content while parsing a flow node"},
		{"", ""},
	} {
		var lines []string
		for _, r := range ReadAll("s.yaml", []byte(tt.text)) {
			line := strings.Join([]string{r.Name, r.Format, r.Storage}, " ")
			for _, p := range r.Problems {
				line += ": " + p.String()
			}
			lines = append(lines, line)
		}
		if d := cmp.Diff(tt.want, strings.Join(lines, "\n")); d != "" {
			t.Errorf("%s\n%s", tt.text, d)
		}
	}
}

func TestSniff(t *testing.T) {
	for text, want := range map[string]bool{
		head: true, "kind: InferenceService": false, "serving.kserve.io/v1": false, "": false, "---\n'apiVersion': \"serving.kubeflow.org/v1beta1\"": true,
		"apiVersion: v1\nitems:\n- apiVersion: serving.kserve.io/v1beta1\n": true, `{"apiVersion": "serving.kserve.io/v1beta1"}`: true, "# apiVersion: serving.kserve.io/v1": false,
	} {
		if Sniff([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// FuzzRead reads anything.
func FuzzRead(f *testing.F) {
	f.Add(head + "spec: {predictor: {sklearn: {storageUri: x}}}")
	f.Fuzz(func(t *testing.T, text string) {
		ReadAll("s.yaml", []byte(text))
		if s, problems := Read("s.yaml", []byte(text)); s == nil || len(problems) > 0 && problems[0].Msg == "" {
			t.Fatal(s, problems)
		}
	})
}

// TestManyDocuments: a file of nothing but small documents is refused early, since each
// is read behind the lines of those before it.
func TestManyDocuments(t *testing.T) {
	const one = "---\nkind: Secret\n"
	for n, want := range map[int]string{maxDocuments: "kind Secret has no effect: it is the cluster's", 100 * maxDocuments: "the file has more than 1000 documents"} {
		all := ReadAll("many.yaml", []byte(strings.Repeat(one, n)))
		if len(all) != 1 || len(all[0].Problems) != 1 || all[0].Problems[0].Msg != want || all[0].Problems[0].Warning {
			t.Errorf("%d documents: got %d resources, %+v", n, len(all), all[len(all)-1])
		}
	}
}
