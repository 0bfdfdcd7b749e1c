package v2

import (
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Class is a catalog entry for a class of models of one's own: specs name it in
// class_name, and newModel makes one model for each route or step that does.
func Class(name string, newModel func() serve.Model) catalog.Entry {
	return catalog.Entry{
		Name: name,
		Doc:  "a model class of this program",
		New: func(a catalog.Args) (serve.Step, error) {
			return FromArgs(a, newModel(), "")
		},
	}
}

// FromArgs returns a server for a model that a spec describes: model_path in
// the arguments is the path, and all of them are parameters.
func FromArgs(a catalog.Args, m serve.Model, runtime string) (*Server, error) {
	path, err := stringArg(a, "model_path")
	if err != nil {
		return nil, err
	}
	return New(Config{
		Name: a.Name, Class: a.Class, Runtime: runtime, Model: m, Path: path, Args: a.Values,
		InputPath: a.InputPath, ResultPath: a.ResultPath, Metrics: metricsOf(a), Env: a.Env,
	})
}

// Object makes the constructor of a step (graph.StepSpec.New) that serves a
// model the program has at hand: it is ready as it is, and is not loaded.
func Object(m serve.Model) func(catalog.Args) (serve.Step, error) {
	return func(a catalog.Args) (serve.Step, error) {
		s, err := FromArgs(a, m, "")
		if err == nil {
			s.Loaded = true
		}
		return s, err
	}
}

func metricsOf(a catalog.Args) Metrics {
	if a.Env == nil {
		return nil
	}
	o, ok := a.Env.Recorder.(Observer)
	if !ok {
		return nil
	}
	name, version := SplitName(a.Name)
	return o.Model(name, version)
}

func stringArg(a catalog.Args, key string) (string, error) {
	v, ok := a.Values[key]
	if !ok || v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s is %v, not a string", key, v)
	}
	return s, nil
}

// Register adds the routers and a model class for every runtime in the set, and
// "Model", which takes whichever runtime knows the file.
func Register(set *catalog.Set) {
	set.Add(catalog.Entry{
		Name:    "ModelRouter",
		Aliases: []string{"mlrun.serving.ModelRouter", "mlrun.serving.routers.ModelRouter"},
		Doc:     "routes /v2/models/<model>/<operation> to its models",
		Router:  true,
		New:     newRouter,
	})
	set.Add(catalog.Entry{
		Name:    "VotingEnsemble",
		Aliases: []string{"mlrun.serving.VotingEnsemble", "mlrun.serving.routers.VotingEnsemble"},
		Doc:     "asks all of its models and makes one answer of theirs",
		Router:  true,
		New:     newVoting,
	})
	set.Add(catalog.Entry{
		Name:    "EnrichmentModelRouter",
		Aliases: []string{"mlrun.serving.EnrichmentModelRouter", "mlrun.serving.routers.EnrichmentModelRouter"},
		Doc:     "a ModelRouter of which requests have keys, for which it looks up the features",
		Router:  true,
		New:     newEnrichmentRouter,
	})
	set.Add(catalog.Entry{
		Name:    "EnrichmentVotingEnsemble",
		Aliases: []string{"mlrun.serving.EnrichmentVotingEnsemble", "mlrun.serving.routers.EnrichmentVotingEnsemble"},
		Doc:     "a VotingEnsemble of which requests have keys, for which it looks up the features",
		Router:  true,
		New:     newEnrichmentVoting,
	})
	set.Add(catalog.Entry{
		Name:    "ParallelRun",
		Aliases: []string{"mlrun.serving.ParallelRun", "mlrun.serving.routers.ParallelRun"},
		Doc:     "runs all of its routes and merges what they return",
		Router:  true,
		New:     newParallel,
	})
	set.Add(catalog.Entry{
		Name: "Model",
		Doc:  "a model file, loaded by the runtime that knows it",
		New: func(a catalog.Args) (serve.Step, error) {
			return FromArgs(a, &FileModel{Set: set}, "")
		},
	})
	for _, rt := range set.Runtimes() {
		set.Add(catalog.Entry{
			Name: rt.Name, Aliases: rt.Classes, Doc: rt.Doc,
			New: func(a catalog.Args) (serve.Step, error) {
				return FromArgs(a, &FileModel{Runtime: rt}, rt.Name)
			},
		})
	}
}

func newRouter(a catalog.Args) (serve.Step, error) {
	c, err := routerConfig(a)
	if err != nil {
		return nil, err
	}
	return NewRouter(c, NewRoutes(a.Routes, a.Env.MLRun)), nil
}
