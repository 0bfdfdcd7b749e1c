package config

import (
	"strings"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// secretSources reads MLRun's list of where secrets come from.
func (r *reader) secretSources(s *graph.Spec) func(*document.Field) {
	return func(f *document.Field) {
		if f.Value.Empty() {
			return
		}
		if f.Value.Kind != document.List {
			r.wrong(f, "a list of sources")
			return
		}
		for _, item := range f.Value.Items {
			if source, ok := r.secretSource(item); ok {
				s.Secrets = append(s.Secrets, source)
			}
		}
	}
}

func (r *reader) secretSource(n *document.Node) (s graph.SecretSource, ok bool) {
	s.Pos = graph.Pos(n.Pos)
	var source *document.Node
	r.mapping(n, "a source of secrets", keys{
		"kind":   r.text(&s.Kind),
		"prefix": r.text(&s.Prefix),
		"source": func(f *document.Field) { source, s.Written = f.Value, f.Value.Value() },
	})
	if n.Kind != document.Map {
		return s, false
	}
	if source == nil {
		source = &document.Node{Pos: n.Pos}
	}
	switch s.Kind {
	case "inline":
		s.Values, ok = r.inlineSecrets(source)
	case "file":
		s.Path, ok = source.Text, source.Kind == document.String && source.Text != ""
		r.unless(ok, source, "file", "the path of a file with lines NAME=value")
	case "env":
		s.Names, ok = names(source, true)
		r.unless(ok, source, "env", "names of variables with commas between them")
	case "kubernetes":
		s.Names, ok = names(literal(source), false)
		r.unless(ok, source, "kubernetes", "a list of names")
	case "vault", "azure_vault":
		r.complain(n.Pos, "secrets in a %s cannot be read: have them put into variables of the environment, or into a file", s.Kind)
	default:
		r.problem(n.Pos, `the kind of a source of secrets is "inline", "file", "env" or "kubernetes", found %q`, s.Kind)
	}
	return s, ok
}

// unless complains where a source is not what it should be.
func (r *reader) unless(ok bool, n *document.Node, kind, want string) {
	if !ok {
		r.problem(n.Pos, "a source of secrets of kind %s is %s", kind, want)
	}
}

// inlineSecrets are secrets that the spec has in itself: a mapping, or the text of one.
func (r *reader) inlineSecrets(n *document.Node) (map[string]string, bool) {
	n = literal(n)
	if n.Kind != document.Map {
		r.unless(false, n, "inline", "a mapping of names and values")
		return nil, false
	}
	values := make(map[string]string, len(n.Fields))
	for i := range n.Fields {
		f := &n.Fields[i]
		if f.Value.Kind == document.Map || f.Value.Kind == document.List {
			r.problem(f.Value.Pos, "secret %s must be text", f.Key)
			return nil, false
		}
		values[f.Key] = f.Value.Text
	}
	return values, true
}

// literal is a node, or what a text says that MLRun evaluates: {'a': 'b'}, which is a
// mapping in YAML too.
func literal(n *document.Node) *document.Node {
	if n.Kind != document.String || len(n.Text) == 0 || (n.Text[0] != '{' && n.Text[0] != '[') {
		return n
	}
	parsed, problems := document.Parse("secrets.yaml", []byte(n.Text), document.Options{})
	if parsed == nil || len(problems) > 0 {
		return n
	}
	parsed.Pos = n.Pos
	return parsed
}

// names are those of a list, or of a text with commas between them.
func names(n *document.Node, text bool) (all []string, ok bool) {
	switch {
	case n.Kind == document.String && text:
		all = strings.Split(n.Text, ",")
	case n.Kind == document.List:
		for _, item := range n.Items {
			if item.Kind != document.String {
				return nil, false
			}
			all = append(all, item.Text)
		}
	default:
		return nil, false
	}
	for i := range all {
		if all[i] = strings.TrimSpace(all[i]); all[i] == "" {
			return nil, false
		}
	}
	return all, true
}
