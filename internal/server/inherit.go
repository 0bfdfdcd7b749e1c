package server

import (
	"reflect"

	"github.com/leat-ml/leat/v2"
)

// inherit has the models of g that would load what old has loaded share that
// instead, and says how many do. It is called before g is started.
func (g *generation) inherit(old *generation) (shared int) {
	for _, pair := range [][2][]*v2.Server{
		{g.graphServers(), old.graphServers()},
		{g.repoServers(), old.repoServers()},
	} {
		before := make(map[modelName]*v2.Server, len(pair[1]))
		for _, s := range pair[1] {
			before[modelName{s.Name, s.Version}] = s
		}
		for _, s := range pair[0] {
			was := before[modelName{s.Name, s.Version}]
			switch {
			case was == nil:
			case alike(s, was) && s.Share(was):
				shared++
			default:
				s.Join(was)
			}
		}
	}
	return shared
}

// alike says whether two servers of one name load the same: a model of the same
// class with the same arguments from the same files.
func alike(a, b *v2.Server) bool {
	return a.Class == b.Class && a.Path == b.Path && sameModel(a, b) &&
		a.Env.Verbose == b.Env.Verbose && a.Env.Project == b.Env.Project && a.Env.Mock == b.Env.Mock &&
		reflect.DeepEqual(a.Args, b.Args) && reflect.DeepEqual(a.Env.Params, b.Env.Params) &&
		sameOrigin(a, b)
}

// sameModel says whether two models that have the same class, arguments and
// files are the same.
func sameModel(a, b *v2.Server) bool {
	x, ok := a.Model.(*v2.FileModel)
	if !ok {
		return reflect.TypeOf(a.Model) == reflect.TypeOf(b.Model) && a.Loaded == b.Loaded && (!a.Loaded || same(a.Model, b.Model))
	}
	y, ok := b.Model.(*v2.FileModel)
	return ok && x.Runtime == y.Runtime && reflect.DeepEqual(x.Inputs, y.Inputs) && reflect.DeepEqual(x.Outputs, y.Outputs)
}

// same says whether two models are one object.
func same(a, b any) bool {
	t := reflect.TypeOf(a)
	return t.Comparable() && a == b
}
