package server

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// crews are the workers of what is served: of models, of routers, of steps.
func (g *generation) crews() []telemetry.Crew {
	var all []telemetry.Crew
	add := func(model, version string, w serve.Workers) {
		same := func(c telemetry.Crew) bool { return c.Model == model && c.Version == version && c.Of == w.Of }
		if w.Wanted > 0 && !slices.ContainsFunc(all, same) { // the graph's, before the repository's
			all = append(all, telemetry.Crew{Model: model, Version: version, Workers: w})
		}
	}
	for _, s := range slices.Concat(g.graphServers(), g.repoServers()) {
		add(s.Name, s.Version, s.Workers())
	}
	for _, part := range g.supported() {
		if c, ok := part.(serve.Crewed); ok {
			add("", "", c.Workers())
		}
	}
	return all
}

// supported are the parts that may have workers and are no models.
func (g *generation) supported() []any {
	var all []any
	if g.code != nil {
		all = append(all, g.code)
	}
	if g.graph == nil {
		return all
	}
	for _, step := range g.graph.Steps() {
		if _, isModel := step.(*v2.Server); !isModel {
			all = append(all, step)
		}
	}
	return all
}

// down says which parts that are no models have lost their workers.
func (g *generation) down() error {
	var errs []error
	for _, part := range g.supported() {
		s, ok := part.(serve.Supervised)
		if !ok {
			continue
		}
		if err := s.Down(); err != nil {
			of := ""
			if c, ok := part.(serve.Crewed); ok {
				of = c.Workers().Of
			}
			errs = append(errs, fmt.Errorf("%s: %w", of, err))
		}
	}
	return errors.Join(errs...)
}

// workers are those of the generation that serves, for the metrics.
func (c *Core) workers() []telemetry.Crew { return c.current.Load().crews() }
