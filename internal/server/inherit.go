package server

import (
	"reflect"
	"slices"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// inherit has the models of g that would load what old has loaded share that
// instead, and says how many do. It is called before g is started.
func (g *generation) inherit(old *generation) (shared int) {
	return share(g.graphServers(), old.graphServers(), func(s, was *v2.Server) bool {
		made := g.made[s.Name] || old.made[s.Name]
		return same(s.Model, was.Model) || !made && s.Class != "" && sameClass(s, was) || sameFile(s, was)
	}) + share(g.repoServers(), old.repoServers(), sameFile)
}

// share has servers share with those of the same names before them, where they
// are alike and their models the same.
func share(servers, before []*v2.Server, same func(s, was *v2.Server) bool) (shared int) {
	byName := make(map[modelName]*v2.Server, len(before))
	for _, s := range before {
		byName[modelName{s.Name, s.Version}] = s
	}
	for _, s := range servers {
		was := byName[modelName{s.Name, s.Version}]
		switch {
		case was == nil:
		case same(s, was) && alike(s, was) && s.Share(was):
			shared++
		default:
			s.Join(was)
		}
	}
	return shared
}

// alike says whether two servers of one name give their models the same to load:
// arguments, parameters and files.
func alike(a, b *v2.Server) bool {
	return a.Class == b.Class && a.Path == b.Path && a.Loaded == b.Loaded &&
		a.Env.Verbose == b.Env.Verbose && a.Env.Project == b.Env.Project && a.Env.Mock == b.Env.Mock &&
		reflect.DeepEqual(a.Args, b.Args) && reflect.DeepEqual(a.Env.Params, b.Env.Params) && sameOrigin(a, b)
}

// same says whether two models are one object.
func same(a, b any) bool {
	t := reflect.TypeOf(a)
	return t.Kind() == reflect.Pointer && a == b
}

// sameClass says whether the models are of one class, which the catalog makes.
func sameClass(a, b *v2.Server) bool {
	if m, ok := a.Model.(interface{ SameAs(other serve.Model) bool }); ok { // its class is in code that can change
		return m.SameAs(b.Model)
	}
	_, file := a.Model.(*v2.FileModel)
	return !file && reflect.TypeOf(a.Model) == reflect.TypeOf(b.Model)
}

// sameFile says whether both are models that one runtime loads, with the same
// schema beside them.
func sameFile(a, b *v2.Server) bool {
	x, ok := a.Model.(*v2.FileModel)
	y, too := b.Model.(*v2.FileModel)
	return ok && too && x.Runtime == y.Runtime && reflect.DeepEqual(x.Inputs, y.Inputs) && reflect.DeepEqual(x.Outputs, y.Outputs)
}

// madeByProgram are the steps that the program makes itself, by name: of two that
// look alike in the spec it cannot be told whether they are.
func madeByProgram(s *graph.StepSpec, made map[string]bool) map[string]bool {
	if s == nil {
		return made
	}
	if s.New != nil {
		name, _ := v2.SplitName(s.Name)
		made[name] = true
	}
	for _, child := range slices.Concat(s.Routes, s.Steps) {
		made = madeByProgram(child, made)
	}
	return made
}
