package server

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// ownFunction is the function of models that no spec gives one.
const ownFunction = "default/leat"

// unloaded is the state of a model that was taken out of service.
const unloaded = string(v2.Closed)

// changes takes over what a generation serves, and returns the models whose
// records are not as they should be.
func (k *keeper) changes(g *generation) []*tracked {
	served := map[string]bool{}
	for _, m := range g.endpoints(k.stats, k.refused) {
		uid := m.record.Metadata.UID
		if served[uid] {
			continue // the graph's, before the repository's
		}
		served[uid] = true
		t := k.tracked[uid]
		if t == nil {
			t = &tracked{name: m.name, version: m.version}
			k.tracked[uid] = t
		}
		t.written = t.written && !t.gone && reflect.DeepEqual(t.record, m.record)
		t.record, t.gone = m.record, false
	}
	var all []*tracked
	for uid, t := range k.tracked {
		if !served[uid] && !t.gone {
			t.record.Status.State, t.record.Status.Error = unloaded, ""
			t.gone, t.written = true, false
		}
		if !t.written {
			all = append(all, t)
		}
	}
	return all
}

// refused logs once why a model has no record.
func (k *keeper) refused(model string, err error) {
	if text := model + ": " + err.Error(); !k.said[text] {
		k.said[text] = true
		k.logger.Error("model endpoint is not recorded; serving goes on", "model", model, "error", err)
	}
}

// merge makes of the record that is there one that says what is served now. What
// others have written of it stays.
func (t *tracked) merge(old *endpoint.Endpoint) (endpoint.Endpoint, error) {
	if old == nil {
		return t.record, nil
	}
	e, now := *old, &t.record
	sp, st := &e.Spec, &e.Status
	sp.ModelClass, sp.ModelURI, sp.Active, sp.MonitoringMode = now.Spec.ModelClass, now.Spec.ModelURI, true, now.Spec.MonitoringMode
	sp.StreamPath = cmp.Or(now.Spec.StreamPath, sp.StreamPath)
	if len(now.Spec.FeatureNames) > 0 {
		sp.FeatureNames, sp.LabelNames = now.Spec.FeatureNames, now.Spec.LabelNames
	}
	sp.Algorithm = cmp.Or(now.Spec.Algorithm, sp.Algorithm)
	if now.Status.FeatureStats != nil {
		st.FeatureStats = now.Status.FeatureStats
	}
	st.MonitoringFeatureSetURI = cmp.Or(st.MonitoringFeatureSetURI, now.Status.MonitoringFeatureSetURI)
	st.State, st.Error, st.EndpointType = now.Status.State, now.Status.Error, now.Status.EndpointType
	st.Children, st.ChildrenUIDs = now.Status.Children, now.Status.ChildrenUIDs
	if len(now.Metadata.Labels) > 0 {
		labels := maps.Clone(e.Metadata.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, now.Metadata.Labels)
		e.Metadata.Labels = labels
	}
	return e, nil
}

// A served is a model with the record that it should have.
type served struct {
	name, version string
	record        endpoint.Endpoint
}

// endpoints are the models of a generation: those of the graph, its ensembles with
// their children, and those of the repository. refused hears of those that cannot
// have a record.
func (g *generation) endpoints(known statistics, refused func(model string, err error)) []served {
	var all []served
	children := map[*v2.Server]bool{}
	add := func(name, version string, fill func(e *endpoint.Endpoint)) {
		e, err := endpoint.New(g.function(), endpoint.ModelOf(name, version))
		if err != nil {
			refused(name, err)
			return
		}
		e.Spec.StreamPath = g.logStream()
		if g.cfg.Spec != nil && g.cfg.Spec.TrackModels {
			e.Spec.MonitoringMode = endpoint.Enabled
			e.Status.MonitoringFeatureSetURI = featureSet(&e)
		}
		fill(&e)
		all = append(all, served{name, version, e})
	}
	for _, v := range g.ensembles() {
		for _, m := range v.models {
			children[m] = true
		}
		add(v.name, v.version, func(e *endpoint.Endpoint) { g.ensemble(e, v) })
	}
	models := slices.Concat(g.graphServers(), g.repoServers())
	known.keep(models)
	for _, s := range models {
		add(s.Name, s.Version, func(e *endpoint.Endpoint) {
			describe(e, s, known)
			if children[s] {
				e.Status.EndpointType = endpoint.Leaf
			}
		})
	}
	return all
}

// function is the one that the models are of.
func (g *generation) function() string {
	if s := g.cfg.Spec; s != nil && s.FunctionURI != "" {
		return s.FunctionURI
	}
	return ownFunction
}

// logStream is the stream that inferences are recorded on.
func (g *generation) logStream() string {
	if g.recording == nil {
		return ""
	}
	return redacted(g.recording.url)
}

// ensemble is what the record of an ensemble has.
func (g *generation) ensemble(e *endpoint.Endpoint, v ensemble) {
	e.Spec.ModelClass = className(v.class)
	e.Status.EndpointType, e.Status.Children, e.Status.State = endpoint.Router, v.routes, string(v2.Ready)
	for i, m := range v.models {
		if m == nil {
			continue
		}
		if uid, err := endpoint.UID(e.Spec.FunctionURI, endpoint.ModelOf(m.Name, m.Version)); err == nil {
			e.Status.ChildrenUIDs = append(e.Status.ChildrenUIDs, uid)
		}
		if st := m.Status(); st.Phase != v2.Ready && e.Status.Error == "" {
			e.Status.State = string(st.Phase)
			if st.Err != nil {
				e.Status.Error = "model " + v.routes[i] + ": " + st.Err.Error()
			}
		}
	}
}

// describe is what the record of a model has.
func describe(e *endpoint.Endpoint, s *v2.Server, known statistics) {
	e.Spec.ModelClass, e.Spec.ModelURI = className(cmp.Or(s.Class, s.Runtime)), s.Path
	st := s.Status()
	e.Status.State = string(st.Phase)
	if st.Err != nil { // of a graph that has not started, the models are closed already
		e.Status.State, e.Status.Error = string(v2.Failed), st.Err.Error()
	}
	if labels := s.Context().Snapshot().Labels; len(labels) > 0 {
		e.Metadata.Labels = maps.Clone(labels)
	}
	d := s.Description()
	features, labels := d.Features, d.Labels
	if a := s.Context().Artifact(); a != nil {
		ofArtifact(e, a, known)
		if len(a.Features) > 0 { // rather than what the model calls them: statistics have these names
			features = a.Features
		}
	}
	e.Spec.FeatureNames = append(featureNames(features), featureNames(labels)...)
	e.Spec.LabelNames = featureNames(labels)
}

// featureNames are the names of columns as MLRun's monitoring has them.
func featureNames(columns []serve.Feature) []string {
	if len(columns) == 0 {
		return nil
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = strings.NewReplacer("(", "", ")", "", " ", "_").Replace(c.Name)
	}
	return names
}

// className is the last part of a class's name, as MLRun's records have it.
func className(class string) string { return class[strings.LastIndexByte(class, '.')+1:] }
