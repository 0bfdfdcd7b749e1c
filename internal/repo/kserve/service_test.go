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
		"spec: {predictor: {tensorflow: {storageUri: x}}}":               `format "tensorflow" is not supported`,
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
	_, problems := Read("g.yaml", []byte("apiVersion: serving.kserve.io/v1alpha1\nkind: InferenceGraph\n"))
	if len(problems) != 1 || problems[0].String() != "2:1: kind InferenceGraph is not served: write its nodes as a graph in server.yaml" {
		t.Error(problems)
	}
}

func TestSniff(t *testing.T) {
	for text, want := range map[string]bool{head: true, "kind: InferenceService": false, "serving.kserve.io/v1": false, "": false} {
		if Sniff([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// FuzzRead reads anything.
func FuzzRead(f *testing.F) {
	f.Add(head + "spec: {predictor: {sklearn: {storageUri: x}}}")
	f.Fuzz(func(t *testing.T, text string) {
		if s, problems := Read("s.yaml", []byte(text)); s == nil || len(problems) > 0 && problems[0].Msg == "" {
			t.Fatal(s, problems)
		}
	})
}
