package server

import (
	"context"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/internal/admin"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/internal/version"
	"github.com/leat-ml/leat/v2"
)

// adminView shows a running server to the admin port.
type adminView struct{ r *running }

// Ready implements admin.Server.
func (a adminView) Ready() error { return a.r.core.Ready() }

// Models implements admin.Server.
func (a adminView) Models() []admin.ModelStatus {
	infos := a.r.core.Models()
	all := make([]admin.ModelStatus, len(infos))
	for i, m := range infos {
		all[i] = admin.ModelStatus{
			Name: m.Name, Version: m.Version, Default: m.Default, Runtime: m.Runtime, State: string(m.Phase),
			Path: m.Path, Step: m.Step, LoadSeconds: m.LoadTime.Seconds(),
		}
		if m.Err != nil {
			all[i].Reason = m.Err.Error()
		}
		if m.Phase == v2.Ready {
			all[i].LoadedAt = m.Since
		}
	}
	return all
}

// Status implements admin.Server.
func (a adminView) Status() admin.ServerStatus {
	urls := a.r.urls.Load()
	s := admin.ServerStatus{Version: a.r.c.Version, Commit: version.Commit, StartedAt: a.r.core.started, URLs: map[string]string{}}
	if urls != nil {
		s.URLs = *urls
	}
	return s
}

// Endpoints implements admin.Endpoints.
func (a adminView) Endpoints(ctx context.Context, write bool, do func(endpoint.Store) error) error {
	return a.r.core.keeper.read(ctx, write, do)
}

// Load implements admin.Control.
func (a adminView) Load(ctx context.Context, model string) error {
	return a.r.core.change(ctx, func(r *repo.Repository) error { return r.Load(ctx, model) })
}

// Unload implements admin.Control.
func (a adminView) Unload(ctx context.Context, model string) error {
	return a.r.core.change(ctx, func(r *repo.Repository) error { return r.Unload(ctx, model) })
}

// Reload implements admin.Control.
func (a adminView) Reload(ctx context.Context) error { return a.r.reload(ctx) }
