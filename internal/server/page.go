package server

import (
	"bytes"
	"fmt"
	"html/template"

	"github.com/leat-ml/leat/v2"
)

// page is what a browser gets at /: the models and links to what they tell.
func (c *Core) page() ([]byte, error) {
	g := c.current.Load()
	infos := g.infos()
	rows := make([]pageRow, len(infos))
	for i, m := range infos {
		rows[i] = pageRow{m, g.reaches(i)}
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, map[string]any{
		"Name": c.cfg.Name, "Version": c.cfg.Version, "Ready": c.Ready(), "Models": rows,
	})
	if err != nil {
		return nil, fmt.Errorf("render the page: %w", err)
	}
	return b.Bytes(), nil
}

// A pageRow is a model, with whether it can be asked below /v2/models.
type pageRow struct {
	v2.Info
	Reached bool
}

// reaches says whether the i-th of infos is below /v2/models: models of a graph are not
// where those of a repository are, and where the graph is no router.
func (g *generation) reaches(i int) bool {
	if g.models != nil {
		return i >= len(g.graphServers())
	}
	return g.speaksV1()
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Name}}</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" type="image/png" href="/v2/docs/favicon-32x32.png">
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd}
.bad{color:#a40000}.good{color:#006400}code{background:#f4f4f4;padding:.1rem .3rem}
</style></head><body>
<h1>{{.Name}}</h1>
<p>Version {{.Version}}. {{if .Ready}}<span class="bad">Not ready: {{.Ready}}.</span>{{else}}<span class="good">Ready.</span>{{end}}</p>
<table><tr><th>Model</th><th>Version</th><th>Runtime</th><th>State</th><th>Reason</th></tr>
{{range .Models}}<tr><td>{{if .Reached}}<a href="/v2/models/{{.Name}}{{with .Version}}/versions/{{.}}{{end}}">{{.Name}}</a>{{else}}{{.Name}}, in {{with .Step}}step {{.}} of {{end}}the graph{{end}}</td><td>{{.Version}}</td><td>{{.Runtime}}</td><td>{{.Phase}}</td><td>{{with .Err}}{{.}}{{end}}</td></tr>
{{end}}</table>
<p><a href="/v2">server metadata</a> · <a href="/v2/models">models</a> · <a href="/v2/health/ready">readiness</a> · <a href="/v2/docs">what can be asked</a></p>
</body></html>
`))
