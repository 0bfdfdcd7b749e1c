package step

import (
	"context"
	"slices"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// rename gives fields of the body other names: all at once, so that two can
// swap. A renamed field moves to the end.
type rename struct {
	names map[string]string // old to new
}

type renameConfig struct {
	Mapping map[string]string `arg:"mapping,required"`
}

func newRename(a catalog.Args) (serve.Step, error) {
	var c renameConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	seen := map[string]string{}
	for _, old := range sortedKeys(c.Mapping) {
		name := c.Mapping[old]
		if other, twice := seen[name]; twice {
			return nil, configError("mapping", "renames both %q and %q to %q", other, old, name)
		}
		seen[name] = old
	}
	return &rename{names: c.Mapping}, nil
}

func (s *rename) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	body, err := objectOf(ev.Body, "")
	if err != nil {
		return serve.Pass, err
	}
	var moved []serve.Field
	kept := make([]serve.Field, 0, body.Len())
	for _, f := range body.Fields() {
		if name, ok := s.names[f.Key]; ok {
			f.Key = name
			moved = append(moved, f)
			continue
		}
		kept = append(kept, f)
	}
	if len(moved) == 0 {
		return serve.Pass, nil
	}
	setObject(ev, merged(kept, moved))
	return serve.Pass, nil
}

// dropColumns takes fields out of the body; those it lacks do not matter.
type dropColumns struct {
	columns []string
}

type dropConfig struct {
	Columns []string `arg:"columns,required"`
}

func newDropColumns(a catalog.Args) (serve.Step, error) {
	var c dropConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	return &dropColumns{c.Columns}, nil
}

func (s *dropColumns) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	body, err := objectOf(ev.Body, "")
	if err != nil {
		return serve.Pass, err
	}
	kept := make([]serve.Field, 0, body.Len())
	for _, f := range body.Fields() {
		if !slices.Contains(s.columns, f.Key) {
			kept = append(kept, f)
		}
	}
	if len(kept) < body.Len() {
		setObject(ev, kept)
	}
	return serve.Pass, nil
}
