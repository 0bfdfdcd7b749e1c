package server

import (
	"encoding/json"
	"maps"
	"math"
	"strings"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// ofArtifact is what a record has of the artifact that a model was loaded from: as
// MLRun's, where it stands among artifacts, how it was made, and what its training
// data were like.
func ofArtifact(e *endpoint.Endpoint, a *serve.Artifact, known statistics) {
	e.Spec.Algorithm = a.Algorithm
	for key, v := range a.Marks {
		if e.Metadata.Labels == nil {
			e.Metadata.Labels = map[string]string{}
		}
		if _, own := e.Metadata.Labels[key]; !own { // the model's own say more
			e.Metadata.Labels[key] = v
		}
	}
	if uri := storeURI(a); uri != "" {
		e.Spec.ModelURI = uri
	}
	if len(a.FeatureStats) > 0 {
		e.Status.FeatureStats = known.of(a)
	}
}

// statistics are the documents of the artifacts that are served, which are made
// once: nil for one with numbers that JSON has not.
type statistics map[*serve.Artifact]json.RawMessage

func (s statistics) of(a *serve.Artifact) json.RawMessage {
	doc, known := s[a]
	if !known {
		doc, _ = json.Marshal(padded(a.FeatureStats)) // nil, as it says
		s[a] = doc
	}
	return doc
}

// keep forgets those of artifacts that are not served any more.
func (s statistics) keep(all []*v2.Server) {
	served := map[*serve.Artifact]bool{}
	for _, m := range all {
		served[m.Context().Artifact()] = true
	}
	maps.DeleteFunc(s, func(a *serve.Artifact, _ json.RawMessage) bool { return !served[a] })
}

// storeURI is the version of the artifact that was loaded, whatever its tag is
// moved to; "" for files that are no artifact of a project.
func storeURI(a *serve.Artifact) string {
	if a.Project == "" || a.Key == "" || a.Tree == "" {
		return ""
	}
	return artifact.Ref{Kind: artifact.ModelKind, Project: a.Project, Key: a.Key, Iter: a.Iter, Tree: a.Tree}.String()
}

// padded has the histograms of statistics with an empty bin at either end, in which
// there is room for whatever comes (pad_features_hist of
// mlrun/model_monitoring/helpers.py). One that has them stays as it is.
func padded(stats map[string]any) map[string]any {
	all := make(map[string]any, len(stats))
	for name, of := range stats {
		all[name] = paddedOne(of)
	}
	return all
}

func paddedOne(of any) any {
	one, ok := of.(map[string]any)
	if !ok {
		return of
	}
	hist, _ := one["hist"].([]any)
	if len(hist) != 2 {
		return of
	}
	counts, _ := hist[0].([]any)
	edges, _ := hist[1].([]any)
	if len(edges) < 2 || len(edges) != len(counts)+1 {
		return of
	}
	first, isFirst := serve.Number64(edges[0])
	last, isLast := serve.Number64(edges[len(edges)-1])
	if !isFirst || !isLast {
		return of
	}
	if first > -math.MaxFloat64 {
		counts, edges = append([]any{0}, counts...), append([]any{-math.MaxFloat64}, edges...)
	}
	if last < math.MaxFloat64 {
		counts, edges = append(counts[:len(counts):len(counts)], 0), append(edges[:len(edges):len(edges)], math.MaxFloat64)
	}
	next := maps.Clone(one)
	next["hist"] = []any{counts, edges}
	return next
}

// featureSet names the feature set in which MLRun keeps what comes to a model that
// is monitored.
func featureSet(e *endpoint.Endpoint) string {
	return "store://feature-sets/" + e.Metadata.Project + "/monitoring-" + e.Spec.FunctionName + "-" + strings.ReplaceAll(e.Spec.Model, ":", "-")
}
