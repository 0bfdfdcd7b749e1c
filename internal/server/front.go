package server

import (
	"context"
	"strings"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// Serve answers what is asked of the server itself and passes everything else
// on. In MLRun's contract everything goes to the graph.
func (c *Core) Serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	g := c.current.Load()
	for {
		to := g.route(ev)
		if to == nil {
			return c.own(ctx, ev)
		}
		out, ok, err := g.offer(ctx, to, ev)
		if ok {
			return out, err
		}
		now := c.current.Load()
		if now == g {
			return nil, &serve.Error{Code: serve.Unavailable, Err: graph.ErrClosed}
		}
		g = now // a reload was quicker; nobody has looked at the event
	}
}

// route is where an event goes; nil if the server itself answers it.
func (g *generation) route(ev *serve.Event) *graph.Graph {
	if g.cfg.MLRun {
		return g.root()
	}
	path := ev.Target.Path
	if short := strings.TrimSuffix(path, "/"); len(short) < len(path) && ev.Target.Model == "" && isOwn(short) {
		ev.Target.Path = short
		return nil
	}
	if ev.Target.Model == "" && (isExtension(path) || below(path, v1Path) && g.speaksV1()) {
		return nil
	}
	if ev.Target.Model != "" || strings.HasPrefix(path, "/v2/models") {
		return g.inference()
	}
	switch path {
	case livePath, readyPath, "/v2":
		return nil
	case "/", "":
		if !isGet(ev) {
			return g.root() // without a graph, the body names the model
		}
		return nil
	}
	return g.graph
}

const (
	livePath  = "/v2/health/live"
	readyPath = "/v2/health/ready"
)

// isOwn says whether a path is the server's own, whatever it serves. All of these are
// the same with a slash behind them: a probe must not ask a graph by one.
func isOwn(path string) bool {
	return path == livePath || path == readyPath || path == "/v2" || !strings.HasSuffix(path, docsName) && isExtension(path)
}

// own answers what is asked of the server itself.
func (c *Core) own(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	if isExtension(ev.Target.Path) {
		return c.extension(ctx, ev)
	}
	if below(ev.Target.Path, v1Path) && c.current.Load().speaksV1() {
		return c.v1(ctx, ev)
	}
	switch path := ev.Target.Path; path {
	case livePath:
		return c.health(ev, "live", nil)
	case readyPath:
		return c.health(ev, "ready", c.Ready())
	case "/v2":
		return c.metadata(ev)
	case "/", "":
		return c.home(ev)
	case openAPIPath:
		if err := onlyGet(ev); err != nil {
			return nil, err
		}
		return c.document(ev, "/v2", false)
	default:
		return nil, serve.Errorf(serve.NotFound, "", "there is nothing at %s: models are under /v2/models", path)
	}
}

// root is where everything goes in MLRun's contract: to the graph if there is
// one.
func (g *generation) root() *graph.Graph {
	if g.graph != nil {
		return g.graph
	}
	return g.models
}

// inference is where requests for models go: to the repository if there is one.
func (g *generation) inference() *graph.Graph {
	if g.models != nil {
		return g.models
	}
	return g.graph
}

func isGet(ev *serve.Event) bool {
	return ev.Target.Method == "GET" || ev.Target.Method == "HEAD"
}

func onlyGet(ev *serve.Event) error {
	if isGet(ev) {
		return nil
	}
	err := serve.Errorf(serve.WrongMethod, "", "%s is read with GET, not %s", ev.Target.Path, ev.Target.Method)
	err.Allow = "GET"
	return err
}

func (c *Core) health(ev *serve.Event, what string, problem error) (*serve.Event, error) {
	if err := onlyGet(ev); err != nil {
		return nil, err
	}
	if problem != nil {
		return nil, &serve.Error{Code: serve.Unavailable, Err: problem}
	}
	return answer(ev, serve.NewObject(serve.Field{Key: what, Value: true})), nil
}

func answer(ev *serve.Event, o *serve.Object) *serve.Event {
	ev.Body = serve.ValueBody(o)
	return ev
}

// metadata is the server's own, as the Open Inference Protocol has it, with more.
func (c *Core) metadata(ev *serve.Event, more ...serve.Field) (*serve.Event, error) {
	if err := onlyGet(ev); err != nil {
		return nil, err
	}
	fields := []serve.Field{{Key: "name", Value: c.cfg.Name}, {Key: "version", Value: c.cfg.Version}, {Key: "extensions", Value: extensions}}
	return answer(ev, serve.NewObject(append(fields, more...)...)), nil
}

// home answers GET /: a page with links to a browser, and to others the metadata with
// the status that clients of the V1 protocol take for life.
func (c *Core) home(ev *serve.Event) (*serve.Event, error) {
	if !strings.Contains(ev.Header.Value("Accept"), "text/html") {
		return c.metadata(ev, serve.Field{Key: "status", Value: "alive"})
	}
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	ev.Body = serve.RawBody(page)
	ev.Reply = &serve.Reply{ContentType: "text/html; charset=utf-8"}
	return ev, nil
}
