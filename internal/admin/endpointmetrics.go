package admin

import (
	"net/http"
	"regexp"
	"time"

	"github.com/leat-ml/leat/endpoint"
)

// A metric is one that can be asked for, in MLRun's words. Every endpoint has the
// number of its inferences; results, and metrics of other applications, are a
// monitor's.
type metric struct {
	Project  string `json:"project"`
	App      string `json:"app"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	FullName string `json:"full_name"`
}

// What MLRun calls the number of inferences.
const infra, invocations = "mlrun-infra", "invocations"

func invocationsOf(project string) metric {
	return metric{project, infra, "metric", invocations, project + "." + infra + ".metric." + invocations}
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
			all = append(all, invocationsOf(e.Metadata.Project))
		}
		reply(w, http.StatusOK, all)
		return nil
	})
}

// A values is the series of a metric. Data says that there is any of it.
type values struct {
	FullName string           `json:"full_name"`
	Type     string           `json:"type"`
	Data     bool             `json:"data"`
	Values   []endpoint.Point `json:"values,omitempty"`
}

// lastDay is how far metrics go back where nobody says so.
const lastDay = 24 * time.Hour

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
	start, end := p.time("start"), p.time("end")
	if end.IsZero() {
		end = time.Now()
		start = end.Add(-lastDay)
	}
	delete(p.values, "start") // which are not of the endpoint's creation here
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
	a.one(w, r, p, false, func(s endpoint.Store, e endpoint.Endpoint) error {
		for i := range all {
			if v := &all[i]; v.FullName == invocationsOf(e.Metadata.Project).FullName {
				panes, err := s.Panes(r.Context(), e.Metadata.UID, start, end)
				if err != nil {
					return err
				}
				v.Values = endpoint.Invocations(panes)
				v.Data = len(v.Values) > 0
			}
		}
		reply(w, http.StatusOK, all)
		return nil
	})
}
