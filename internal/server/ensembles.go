package server

import (
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// An ensemble is one of the graph, with its routes and the models behind them: nil
// for what is no model of this process.
type ensemble struct {
	name, version, class string
	routes               []string
	models               []*v2.Server
}

// A voter is a router of users' code that may be an ensemble; nil where it is none.
type voter interface {
	Ensemble() (*serve.Served, []catalog.Route)
}

// ensembles are those of the graph.
func (g *generation) ensembles() []ensemble {
	if g.graph == nil {
		return nil
	}
	var all []ensemble
	for _, step := range g.graph.Steps() {
		switch s := step.(type) {
		case *v2.Voting:
			e := ensemble{name: s.Name, version: s.Version, class: s.Class}
			e.routes, e.models = s.Parts()
			all = append(all, e)
		case voter:
			if of, routes := s.Ensemble(); of != nil {
				all = append(all, votersOf(of, routes))
			}
		}
	}
	return all
}

func votersOf(of *serve.Served, routes []catalog.Route) ensemble {
	e := ensemble{name: of.Model, version: of.Version, class: of.Class}
	for _, r := range routes {
		model, _ := r.Step.(*v2.Server)
		e.routes, e.models = append(e.routes, r.Key), append(e.models, model)
	}
	return e
}
