package server

import (
	"context"
	"net"

	"github.com/leat-ml/leat/internal/awake"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/internal/transport/grpc"
	"github.com/leat-ml/leat/internal/transport/rest"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// RPC is a server of gRPC for this core, for a port at an address: models are
// loaded and unloaded over it if only this machine reaches it.
func (c *Core) RPC(at net.Addr, o grpc.Options) *grpc.Server {
	o.Repository = rpcRepository{c, isLoopback(at)}
	o.Settings = rpcSettings{c, isLoopback(at)}
	o.Room = &c.room
	o.Timeout, o.Logger, o.Raw, o.Together = c.cfg.Timeout, c.cfg.Logger, c.answersRaw, c.independent
	return grpc.New(c, c, o)
}

// answersRaw says whether a model's answers over gRPC are raw whatever the request's
// form: those of Triton's models, whose clients read nothing else.
func (c *Core) answersRaw(model string) bool {
	models := c.current.Load().repo
	return models != nil && models.Triton(model)
}

// independent says whether requests of a stream may be put to a model several at a
// time. Of steps of flows it is not known.
func (c *Core) independent(model string) bool {
	g := c.current.Load()
	switch {
	case g.repo != nil:
		return g.repo.Independent(model)
	case g.cfg.Spec.Graph.Kind != "router":
		return false
	}
	found := false
	for _, s := range g.graphServers() {
		if s.Name != model {
			continue
		}
		if found = s.Independent(); !found {
			return false
		}
	}
	return found
}

// About implements grpc.Host.
func (c *Core) About() (name, version string, names []string) {
	for _, e := range extensions {
		names = append(names, e.(string))
	}
	return c.cfg.Name, c.cfg.Version, names
}

func isLoopback(at net.Addr) bool {
	switch a := at.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// rpcRepository shows the models to who asks over gRPC.
type rpcRepository struct {
	c     *Core
	local bool // only this machine can ask
}

// rpcStates are the states of models as the protocol names them.
var rpcStates = map[v2.Phase]string{
	v2.Pending: "LOADING", v2.Loading: "LOADING", v2.Ready: "READY", v2.Failed: "UNAVAILABLE", v2.Closed: "UNAVAILABLE",
}

// Index implements grpc.Repository.
func (r rpcRepository) Index() []grpc.ModelStatus {
	infos := r.c.Models()
	all := make([]grpc.ModelStatus, len(infos))
	for i, m := range infos {
		all[i] = grpc.ModelStatus{Name: m.Name, Version: m.Version, State: rpcStates[m.Phase]}
		switch {
		case m.Err != nil:
			all[i].Reason = m.Err.Error()
		case m.Phase == v2.Closed:
			all[i].Reason = "unloaded"
		}
	}
	return all
}

var errRemoteChange = serve.Errorf(serve.Forbidden, "", "models are loaded and unloaded, and settings changed, over a loopback address only: nobody is asked who they are here")

// Load implements grpc.Repository.
func (r rpcRepository) Load(ctx context.Context, model string, params map[string][]byte) error {
	with, err := overrideOf(params)
	if err != nil {
		return err
	}
	return r.change(ctx, func(models *repo.Repository) error { return loadAs(ctx, models, model, with) })
}

// Unload implements grpc.Repository.
func (r rpcRepository) Unload(ctx context.Context, model string) error {
	return r.change(ctx, func(models *repo.Repository) error { return models.Unload(ctx, model) })
}

func (r rpcRepository) change(ctx context.Context, do func(*repo.Repository) error) error {
	if !r.local {
		return errRemoteChange
	}
	return r.c.change(ctx, do)
}

// rpcAccess writes calls to the log of requests.
type rpcAccess struct{ log *rest.AccessLog }

// Called implements grpc.Access.
func (a rpcAccess) Called(c *grpc.CallInfo) {
	a.log.Called(&rest.Called{
		Method: c.Method, Code: c.Code, ID: c.ID, Remote: c.Remote, Failed: c.Failed, In: c.In, Out: c.Out, Took: c.Took,
	})
}

// rpcTracer follows calls.
type rpcTracer struct{ t *tracing.Tracing }

// Call implements grpc.Tracer.
func (r rpcTracer) Call(ctx context.Context, c grpc.Calling, header map[string][]string) (in context.Context, end func(grpc.Outcome)) {
	in, called := r.t.Call(ctx, tracing.Calling(c), header)
	return in, func(o grpc.Outcome) { called(tracing.Called(o)) }
}

// serveRPC opens the port of gRPC and serves it; "" where there is none.
func (r *running) serveRPC() (string, error) {
	if r.c.GRPC == "" {
		return "", nil
	}
	l, err := listen("gRPC port", r.c.GRPC)
	if err != nil {
		if !r.c.GRPCIfFree {
			return "", err
		}
		r.c.Logger.Warn("gRPC is off, since its default address cannot be used", "error", err)
		return "", nil
	}
	o := grpc.Options{
		MaxMessage: r.c.MaxBody, Bare: r.c.BareStreams, Metrics: r.tel,
	}
	if r.c.Access != nil {
		o.Access = rpcAccess{r.c.Access}
	}
	if r.traces != nil {
		o.Tracer = rpcTracer{r.traces}
	}
	r.rpc = r.core.RPC(l.Addr(), o)
	go func() { r.fails <- r.rpc.Serve(r.watched(l, awake.Duplex)) }() // ends with Shutdown
	return "grpc://" + l.Addr().String(), nil
}
