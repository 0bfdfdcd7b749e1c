package v2

import (
	"strings"

	"github.com/leat-ml/leat/serve"
)

// metadata answers with the schema of the first model that has one.
func (v *Voting) metadata(ev *serve.Event) error {
	var d serve.Description
	for _, s := range v.servers {
		if s == nil {
			continue
		}
		if own := s.Description(); len(own.Inputs)+len(own.Outputs)+len(own.Features)+len(own.Labels) > 0 {
			d = own
			break
		}
	}
	d.Platform = "ensemble"
	versions := []string{}
	if v.Version != "" {
		versions = append(versions, v.Version)
	}
	ev.Body = serve.ValueBody(metadataOf(v.Name, v.Version, versions, &d, v.Env.MLRun))
	return nil
}

// ready says whether as much of the ensemble is ready as has to answer. Routes
// that are no models of this process count as ready.
func (v *Voting) ready(ev *serve.Event) error {
	spent, reasons := 0.0, []string{}
	for i, s := range v.servers {
		if s == nil {
			continue
		}
		if st := s.status.Load(); st.Phase != Ready {
			spent += v.cost[i]
			reasons = append(reasons, "model "+s.label()+": "+st.reason())
		}
	}
	switch {
	case !v.over(spent):
		ev.Body = serve.RawBody([]byte("Model " + v.Name + " is ready (event_id = " + ev.Identify() + ")"))
		ev.Reply = &serve.Reply{ContentType: "text/plain"}
	case v.Env.MLRun:
		ev.Body = serve.RawBody([]byte("model not ready"))
		ev.Reply = &serve.Reply{Status: 408, ContentType: "text/plain"}
	default:
		return serve.Errorf(serve.NotYet, "", "model not ready: %s", strings.Join(reasons, ", "))
	}
	return nil
}

// Parts are the names of the ensemble's routes, and the models behind them: nil
// for what is no model of this process.
func (v *Voting) Parts() (routes []string, models []*Server) {
	routes = make([]string, len(v.routes))
	for i, r := range v.routes {
		routes[i] = r.Key
	}
	return routes, v.servers
}
