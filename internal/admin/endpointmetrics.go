package admin

import (
	"net/http"
	"regexp"

	"github.com/leat-ml/leat/endpoint"
)

// A metric is one that can be asked for, in MLRun's words. Results and series are
// a monitor's; what every endpoint has is the number of its inferences.
type metric struct {
	Project  string `json:"project"`
	App      string `json:"app"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	FullName string `json:"full_name"`
}

// endpointMetrics answers ?type=results|metrics|all.
func (a *api) endpointMetrics(w http.ResponseWriter, r *http.Request) {
	p := parameters(r)
	kind := p.one("type")
	switch kind {
	case "", "all", "metrics", "results":
	default:
		p.wrong("type is %q, not results, metrics or all", kind)
	}
	a.one(w, r, p, false, func(_ endpoint.Store, e endpoint.Endpoint) error {
		all := []metric{}
		if kind != "results" {
			project := e.Metadata.Project
			all = append(all, metric{project, "mlrun-infra", "metric", "invocations", project + ".mlrun-infra.metric.invocations"})
		}
		reply(w, http.StatusOK, all)
		return nil
	})
}

// A values is the series of a metric. There are none until a monitor writes them.
type values struct {
	FullName string `json:"full_name"`
	Type     string `json:"type"`
	Data     bool   `json:"data"`
}

// fullName is project.app.result|metric.name.
var fullName = regexp.MustCompile(`^[a-zA-Z0-9_-]+\.[a-zA-Z0-9_-]+\.(result|metric)\.[a-zA-Z0-9_-]+$`)

func (a *api) endpointMetricValues(w http.ResponseWriter, r *http.Request) {
	p := parameters(r)
	names := p.values["name"]
	delete(p.values, "name") // which is no model's here
	if len(names) == 0 {
		p.wrong("name is missing: project.app.metric.name")
	}
	if (p.one("start") == "") != (p.one("end") == "") {
		p.wrong("start and end come together")
	}
	p.time("start")
	p.time("end")
	delete(p.values, "start")
	delete(p.values, "end")
	all := []values{}
	for _, name := range names {
		m := fullName.FindStringSubmatch(name)
		if m == nil {
			p.wrong("name %q is not project.app.metric.name", name)
			continue
		}
		all = append(all, values{FullName: name, Type: m[1]})
	}
	a.one(w, r, p, false, func(endpoint.Store, endpoint.Endpoint) error {
		reply(w, http.StatusOK, all)
		return nil
	})
}
