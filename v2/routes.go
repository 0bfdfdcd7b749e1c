package v2

import (
	"cmp"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Routes are the fixed models of a router in a spec. It is immutable.
type Routes struct {
	keys     []string
	byKey    map[string]serve.Step // "m1", "m3:v1"
	defaults map[string]serve.Step // of names that only exist in versions
	versions map[string][]string
}

// NewRoutes returns the models under the keys of the routes. Unversioned
// requests for a model that exists in versions only go to the highest one,
// unless mlrun says that they go nowhere.
func NewRoutes(routes []catalog.Route, mlrun bool) *Routes {
	r := &Routes{byKey: map[string]serve.Step{}, defaults: map[string]serve.Step{}, versions: map[string][]string{}}
	highest := map[string]string{}
	for _, route := range routes {
		r.keys = append(r.keys, route.Key)
		r.byKey[route.Key] = route.Step
		name, version, versioned := strings.Cut(route.Key, ":")
		if !versioned {
			continue
		}
		r.versions[name] = append(r.versions[name], version)
		if best, ok := highest[name]; !mlrun && (!ok || CompareVersions(version, best) > 0) {
			highest[name], r.defaults[name] = version, route.Step
		}
	}
	for _, route := range routes {
		if s, ok := route.Step.(*Server); ok && s.Version != "" {
			s.SetVersions(func() []string { return r.versions[s.Name] })
		}
	}
	return r
}

// Find implements [Models].
func (r *Routes) Find(name, version string) serve.Step {
	if version != "" {
		return r.byKey[name+":"+version]
	}
	if step := r.byKey[name]; step != nil {
		return step
	}
	return r.defaults[name]
}

// Names implements [Models].
func (r *Routes) Names() []string { return r.keys }

// CompareVersions orders versions as people do: runs of digits by their value,
// so that 10 comes after 9 and v2 after v1.
func CompareVersions(a, b string) int {
	for a != "" && b != "" {
		if isDigit(a[0]) && isDigit(b[0]) {
			x, restA := digits(a)
			y, restB := digits(b)
			if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
				return c
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// digits splits off the leading run of digits, without its leading zeros.
func digits(s string) (run, rest string) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return strings.TrimLeft(s[:n], "0"), s[n:]
}
