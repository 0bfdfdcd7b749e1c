package v2

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Models is where a [Router] finds the step that serves a model. It must be
// safe for concurrent use.
type Models interface {
	// Find returns the step for a model: the version asked for, or when that is
	// "" the one that unversioned requests go to. It returns nil when there is
	// none.
	Find(name, version string) serve.Step
	// Names lists the models as declared.
	Names() []string
}

// RouterConfig says how a [Router] routes. The zero value has MLRun's defaults.
type RouterConfig struct {
	Class        string // its name in metadata; "ModelRouter" when empty
	Protocol     string // "v2" when empty
	URLPrefix    string // "/<protocol>/models" when empty
	HealthPrefix string // "/<protocol>/health" when empty

	InputPath, ResultPath string
	// InFlow says that the router is a step of a flow: a path that is not under
	// its prefix is the flow's, and leaves it to the body to name the model. MLRun
	// refuses it.
	InFlow bool
	// Enrichment replaces the inputs of requests before anybody reads them; nil
	// leaves them. The router starts and closes its source.
	Enrichment *Enrichment
	Env        *catalog.Env
}

// A Router passes requests on to the models that their URLs or bodies name. It
// is a [serve.Step], safe for concurrent use.
type Router struct {
	RouterConfig
	models Models
}

// NewRouter returns a router to models.
func NewRouter(c RouterConfig, models Models) *Router {
	if c.Class == "" {
		c.Class = "ModelRouter"
	}
	if c.Protocol == "" {
		c.Protocol = "v2"
	}
	if c.URLPrefix == "" {
		c.URLPrefix = "/" + c.Protocol + "/models"
	}
	if c.HealthPrefix == "" {
		c.HealthPrefix = "/" + c.Protocol + "/health"
	}
	c.URLPrefix = "/" + strings.Trim(c.URLPrefix, "/")
	c.HealthPrefix = "/" + strings.Trim(c.HealthPrefix, "/")
	if c.Env == nil {
		c.Env = &catalog.Env{}
	}
	return &Router{RouterConfig: c, models: models}
}

// OwnPaths says that the router selects and places bodies by itself.
func (r *Router) OwnPaths() bool { return true }

// Do routes one request.
func (r *Router) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if r.InputPath == "" && r.ResultPath == "" {
		return r.route(ctx, ev)
	}
	return r.within(ctx, ev, r.route)
}

// within runs route with the part of the body that input_path selects, and
// places what it leaves where result_path says.
func (r *Router) within(ctx context.Context, ev *serve.Event, route serve.StepFunc) (serve.Fate, error) {
	whole := ev.Body
	body, err := oip.Select(whole, r.InputPath)
	if err != nil {
		return serve.Pass, err
	}
	ev.Body = body
	fate, err := route(ctx, ev)
	if err != nil {
		return fate, err
	}
	ev.Body, err = oip.Place(whole, r.ResultPath, ev.Body)
	return fate, err
}

func (r *Router) route(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if r.asksRouter(ev) {
		return r.about(ev)
	}
	if ev.Target.Model == "" {
		list, err := r.fromPath(ev)
		if err != nil {
			return serve.Pass, err
		}
		if list {
			return r.list(ev)
		}
	}
	if err := r.enrich(ctx, ev); err != nil {
		return serve.Pass, err
	}
	if err := r.fromBody(ev); err != nil {
		return serve.Pass, err
	}
	child := r.find(ev)
	if child == nil {
		return serve.Pass, r.unknown(ev)
	}
	return r.run(ctx, child, ev)
}

// give gives the event to a route. In MLRun's contract the path that it sees is
// the operation: what is left of the URL.
func (r *Router) give(ctx context.Context, child serve.Step, ev *serve.Event) (serve.Fate, error) {
	if !r.Env.MLRun {
		return child.Do(ctx, ev)
	}
	path := ev.Target.Path
	ev.Target.Path = ev.Target.Operation
	fate, err := child.Do(ctx, ev)
	if fate != serve.Keep {
		ev.Target.Path = path
	}
	return fate, err
}

// enrich puts features in the place of keys. Questions (GET) have none.
func (r *Router) enrich(ctx context.Context, ev *serve.Event) error {
	if r.Enrichment == nil || isGet(ev) || ev.Body.Empty() {
		return nil
	}
	return r.Enrichment.apply(ctx, ev)
}

// Start opens the source of features, if there is one.
func (r *Router) Start(ctx context.Context) error {
	if r.Enrichment == nil {
		return nil
	}
	if err := r.Enrichment.start(ctx); err != nil {
		return serve.In("router "+r.Class, err)
	}
	return nil
}

// Close releases the source of features, if there is one.
func (r *Router) Close(ctx context.Context) error {
	if r.Enrichment == nil {
		return nil
	}
	return r.Enrichment.Source.Close(ctx)
}

// asksRouter says whether the event is a question about the router itself.
func (r *Router) asksRouter(ev *serve.Event) bool {
	if !isGet(ev) || ev.Target.Model != "" {
		return false
	}
	path := ev.Target.Path
	return path == "/" || path == "" || path == r.HealthPrefix || strings.HasPrefix(path, r.HealthPrefix+"/")
}

// about answers with the router's own metadata.
func (r *Router) about(ev *serve.Event) (serve.Fate, error) {
	ev.Body = serve.ValueBody(serve.NewObject(
		serve.Field{Key: "name", Value: r.Class},
		serve.Field{Key: "version", Value: r.Protocol},
		serve.Field{Key: "extensions", Value: []any{}}))
	return serve.Finish, nil
}

// fromPath fills in the target from the URL. list is true when the URL is that
// of the list of models.
func (r *Router) fromPath(ev *serve.Event) (list bool, err error) {
	path := ev.Target.Path
	if path == "" || path == "/" {
		return false, nil
	}
	rest, ok := strings.CutPrefix(path, r.URLPrefix)
	if !ok || (rest != "" && rest[0] != '/') {
		if r.InFlow && !r.Env.MLRun {
			return false, nil
		}
		return false, serve.Errorf(serve.NotFound, "ValueError", "illegal path prefix %s, must start with %s", path, r.URLPrefix)
	}
	if rest = strings.Trim(rest, "/"); rest == "" {
		return true, nil
	}
	t := &ev.Target
	t.Model, t.Version, t.Operation = address(rest)
	if r.Env.MLRun || strings.IndexByte(path, '%') < 0 { // MLRun's are decoded before they are split
		return false, nil
	}
	return false, unescape(&t.Model, &t.Version, &t.Operation)
}

// address takes apart what comes after the prefix in the URL of a model:
// <model>[/versions/<version>][/<operation>].
func address(rest string) (model, version, operation string) {
	model, rest, _ = strings.Cut(rest, "/")
	if after, ok := strings.CutPrefix(rest, "versions/"); ok {
		version, rest, _ = strings.Cut(after, "/")
	}
	return model, version, rest
}

// unescape decodes %xx in the parts of a path, once they are parts, so that an
// encoded slash in a name stays in it.
func unescape(parts ...*string) error {
	for _, p := range parts {
		s, err := url.PathUnescape(*p)
		if err != nil {
			return serve.Errorf(serve.BadRequest, "ValueError", "the path is not a valid URL: %w", err)
		}
		*p = s
	}
	return nil
}

func (r *Router) list(ev *serve.Event) (serve.Fate, error) {
	names := r.models.Names()
	if names == nil {
		names = []string{}
	}
	return r.listed(ev, serve.Field{Key: "models", Value: names})
}

// listed answers a question for the list of models.
func (r *Router) listed(ev *serve.Event, fields ...serve.Field) (serve.Fate, error) {
	if !isGet(ev) && !r.Env.MLRun {
		err := serve.Errorf(serve.WrongMethod, "ValueError", "the list of models is read with GET, not %s", method(ev))
		err.Allow = "GET"
		return serve.Pass, err
	}
	ev.Body = serve.ValueBody(serve.NewObject(fields...))
	return serve.Finish, nil
}

// fromBody takes the model from the body when the URL names none, and the
// operation likewise; in MLRun's contract the body's operation wins.
func (r *Router) fromBody(ev *serve.Event) error {
	t := &ev.Target
	if isGet(ev) || (t.Model != "" && t.Operation != "" && !r.Env.MLRun) {
		return nil
	}
	if ev.Body.Empty() {
		return r.firstModel(t)
	}
	req, err := oip.Request(ev.Body)
	if err != nil {
		return serve.Errorf(oip.Unreadable(err), "ValueError", "Unrecognized request format, caused by: %w", cause(err))
	}
	if t.Operation == "" || (r.Env.MLRun && req.Operation != "") {
		t.Operation = req.Operation
	}
	if t.Model == "" {
		t.Model = req.Model
	}
	return r.firstModel(t)
}

// cause keeps the words of err but not its code: what the router refuses is
// always a bad request.
func cause(err error) error {
	if errors.Is(err, oip.ErrNotObject) {
		return oip.ErrNotObject
	}
	return err
}

// firstModel is what a request that names no model is for.
func (r *Router) firstModel(t *serve.Target) error {
	if t.Model != "" {
		return nil
	}
	names := r.models.Names()
	if len(names) == 0 {
		return serve.Errorf(serve.NotFound, "ValueError", "the request names no model, and there are none")
	}
	t.Model = names[0]
	return nil
}

// find finds the child for the target: by name and version, or by a key such as
// "m3:v1" as bodies have it.
func (r *Router) find(ev *serve.Event) serve.Step {
	t := &ev.Target
	if t.Version == "" {
		if name, version, ok := strings.Cut(t.Model, ":"); ok {
			if step := r.models.Find(name, version); step != nil {
				return step
			}
		}
	}
	return r.models.Find(t.Model, t.Version)
}

func (r *Router) unknown(ev *serve.Event) error {
	const few = 10
	if keys := r.otherVersions(ev.Target.Model); len(keys) > 0 {
		return notAmong(ev, keys, few, "")
	}
	return unknownModel(ev, r.models.Names(), "")
}

// A versioner is [Models] whose names are not said with their versions.
type versioner interface {
	// Versions are those of a model, ascending; nil where there is none of the name, or
	// nobody knows them.
	Versions(name string) []string
}

// otherVersions are the versions of a model of which another was asked for, the newest
// first, as keys.
func (r *Router) otherVersions(name string) []string {
	known, ok := r.models.(versioner)
	if !ok || r.Env.MLRun {
		return nil
	}
	versions := known.Versions(name)
	if before, _, cut := strings.Cut(name, ":"); cut && len(versions) == 0 {
		name, versions = before, known.Versions(before)
	}
	keys := make([]string, 0, len(versions))
	for _, version := range slices.Backward(versions) {
		keys = append(keys, name+":"+version)
	}
	return keys
}

func unknownModel(ev *serve.Event, names []string, besides string) error {
	const many = 50
	return notAmong(ev, names, many, besides)
}

// notAmong is an error with the first names of those that there are.
func notAmong(ev *serve.Event, names []string, shown int, besides string) error {
	key := ev.Target.Model
	if ev.Target.Version != "" {
		key += ":" + ev.Target.Version
	}
	more := ""
	if len(names) > shown {
		more = fmt.Sprintf(" and %d more", len(names)-shown)
		names = names[:shown]
	}
	return serve.Errorf(serve.NotFound, "ValueError", "model %s doesnt exist, available models: %s%s%s", key, strings.Join(names, " | "), more, besides)
}
