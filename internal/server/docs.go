package server

import (
	"strings"

	"github.com/leat-ml/leat/internal/openapi"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// The documents of what is served, as MLServer has their addresses: below /v2, and
// below a model or its version. Beside them is the page that shows one.
const (
	docsName     = "/docs"
	docsPath     = "/v2" + docsName
	documentName = "dataplane.json"
	openAPIPath  = "/openapi.json" // as others have that of the server
)

// isDocs says whether a path below /v2/ is that of a document or its page.
func isDocs(path string) bool {
	return strings.HasSuffix(path, docsName) || strings.Contains(path, docsName+"/")
}

// docs answers with a document, its page, or a file of the page.
func (c *Core) docs(ev *serve.Event) (*serve.Event, error) {
	if err := onlyGet(ev); err != nil {
		return nil, err
	}
	of, file, _ := cutLast(ev.Target.Path, docsName)
	if file == "/" { // what the page has is named as seen from without the slash
		ev.Body = serve.RawBody(nil)
		ev.Reply = &serve.Reply{Status: 308, Header: serve.Header{"Location": {".." + docsName}}}
		return ev, nil
	}
	if name := strings.TrimPrefix(file, "/"); file != "" && name != documentName {
		return c.docsFile(ev, of, name)
	}
	return c.document(ev, of, file == "")
}

// cutLast cuts s around the last sep that is a whole segment.
func cutLast(s, sep string) (before, after string, found bool) {
	if rest, ok := strings.CutSuffix(s, sep); ok {
		return rest, "", true
	}
	if i := strings.LastIndex(s, sep+"/"); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// document answers with what is known of the server, or of a model; with page it is
// the page that shows that.
func (c *Core) document(ev *serve.Event, of string, page bool) (*serve.Event, error) {
	about := c.current.Load().described()
	title := c.cfg.Name
	write := about.Document
	if of != "/v2" {
		m, versioned, err := about.model(of)
		if err != nil {
			return nil, err
		}
		title = m.Name
		write = func() ([]byte, error) { return about.ModelDocument(m, versioned) }
	}
	if page {
		return page200(ev, openapi.Page(title)), nil
	}
	text, err := write()
	if err != nil {
		return nil, err
	}
	ev.Body = serve.RawBody(text)
	ev.Reply = &serve.Reply{ContentType: "application/json"}
	return ev, nil
}

func page200(ev *serve.Event, page []byte) *serve.Event {
	ev.Body = serve.RawBody(page)
	ev.Reply = &serve.Reply{ContentType: "text/html; charset=utf-8", Header: guarded()}
	return ev
}

// guarded are the fields of a page and its files.
func guarded() serve.Header {
	return serve.Header{
		"Content-Security-Policy": {openapi.Policy}, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
	}
}

func (c *Core) docsFile(ev *serve.Event, of, name string) (*serve.Event, error) {
	f, err := openapi.Asset(name, openapi.TakesGzip(strings.Join(ev.Header["Accept-Encoding"], ",")))
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, serve.Errorf(serve.NotFound, "", "there is nothing at %s: the document is %s%s/%s", ev.Target.Path, of, docsName, documentName)
	}
	head := guarded()
	head["Cache-Control"], head["Vary"] = []string{"max-age=3600"}, []string{"Accept-Encoding"}
	if f.Gzipped {
		head["Content-Encoding"] = []string{"gzip"}
	}
	ev.Body = serve.RawBody(f.Body)
	ev.Reply = &serve.Reply{ContentType: f.Type, Header: head}
	return ev, nil
}

// described is what documents tell of a generation.
type described struct {
	openapi.Server
	defaults map[string]*openapi.Model // by name: where unversioned requests go
}

func (g *generation) described() *described {
	c := &g.cfg
	d := &described{defaults: map[string]*openapi.Model{}, Server: openapi.Server{
		Name: c.Name, Version: c.Version, V1: g.speaksV1(), Repository: g.repo != nil, Logs: c.Logs != nil, Traces: c.Traced != nil, Collects: c.Traced != nil && c.Traced.Collects(),
		Graph: g.graph != nil && (g.models != nil || !g.speaksV1()),
	}}
	var servers []*v2.Server
	if g.models != nil {
		servers = g.repoServers()
	} else if g.speaksV1() {
		servers = g.graphServers()
	}
	d.Models = make([]openapi.Model, len(servers))
	chosen := g.defaults()
	for i, s := range servers {
		m := &d.Models[i]
		*m = openapi.Model{Name: s.Name, Version: s.Version, Description: s.Description(), Explains: s.Explains(), Operations: s.Operations()}
		if version, ok := chosen[s.Name]; ok && version != s.Version {
			continue
		}
		if best := d.defaults[s.Name]; best == nil || v2.CompareVersions(s.Version, best.Version) > 0 {
			d.defaults[s.Name] = m
		}
	}
	return d
}

// defaults are the versions that unversioned requests go to, by model, where that
// is not the highest.
func (g *generation) defaults() map[string]string {
	all := map[string]string{}
	for _, m := range g.infos() {
		if m.Default {
			all[m.Name] = m.Version
		}
	}
	return all
}

// model is the one whose documents are below a path.
func (d *described) model(of string) (m *openapi.Model, versioned bool, err error) {
	rest, ok := strings.CutPrefix(of, "/v2/models/")
	name, version, versioned := strings.Cut(rest, "/versions/")
	if !ok || strings.Contains(name, "/") || strings.Contains(version, "/") {
		return nil, false, serve.Errorf(serve.NotFound, "", "there is nothing at %s", of+docsName)
	}
	if name, err = segment(name); err == nil {
		version, err = segment(version)
	}
	if err != nil {
		return nil, false, err
	}
	if !versioned {
		if m := d.defaults[name]; m != nil {
			return m, false, nil
		}
		return nil, false, serve.Errorf(serve.NotFound, "ValueError", "model %s doesnt exist", name)
	}
	for i := range d.Models {
		if m := &d.Models[i]; m.Name == name && m.Version == version {
			return m, true, nil
		}
	}
	return nil, false, serve.Errorf(serve.NotFound, "ValueError", "model %s:%s doesnt exist", name, version)
}
