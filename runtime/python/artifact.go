package python

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// artifactAnswer is the metadata of the ANSWER about an artifact.
type artifactAnswer struct {
	File       string            `json:"file"`
	Extra      map[string]string `json:"extra"`
	Parameters map[string]any    `json:"parameters"`
	Inputs     []any             `json:"inputs"`
	Outputs    []any             `json:"outputs"`
	Metrics    map[string]any    `json:"metrics"`
	Framework  string            `json:"framework"`
	Algorithm  string            `json:"algorithm"`
	Key        string            `json:"key"`
	Tag        string            `json:"tag"`
}

// artifact opens a model's files: its own as the model server does, which keeps
// its schema and parameters, any other as they are.
func (m *Model) artifact(path, suffix string) (*serve.Artifact, error) {
	if path == "" || path == m.ctx.Path {
		return m.ctx.GetModel(context.Background(), suffix)
	}
	return openArtifact(m.env, path, suffix)
}

func openArtifact(env *catalog.Env, path, suffix string) (*serve.Artifact, error) {
	if env == nil || env.Open == nil {
		return nil, errors.New("this server has no artifact store")
	}
	return env.Open(context.Background(), path, suffix)
}

// aboutArtifact is what a worker is told of an artifact.
func aboutArtifact(a *serve.Artifact, err error) (*artifactAnswer, error) {
	if err != nil {
		return nil, err
	}
	out := &artifactAnswer{
		File: a.File, Extra: a.Extra, Parameters: a.Parameters, Metrics: a.Metrics,
		Framework: a.Framework, Algorithm: a.Algorithm, Key: a.Key, Tag: a.Tag,
	}
	if out.Inputs, err = featuresOf(a.Features); err == nil {
		out.Outputs, err = featuresOf(a.Labels)
	}
	return out, err
}

// featuresOf are columns as the artifact lists them.
func featuresOf(features []serve.Feature) ([]any, error) {
	list := make([]any, len(features))
	for i, f := range features {
		if f.Fields == nil {
			list[i] = map[string]any{"name": f.Name, "value_type": f.ValueType}
			continue
		}
		text, err := oip.AppendValue(nil, f.Fields)
		if err != nil {
			return nil, err
		}
		list[i] = json.RawMessage(text)
	}
	return list, nil
}
