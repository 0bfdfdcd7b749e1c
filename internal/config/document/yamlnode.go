package document

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// quoted are the styles whose content is text whatever it looks like.
const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

type yamlReader struct {
	o        variables
	end      Pos // of the text
	problems []Problem
	anchored map[*yaml.Node]*Node // nil while the node is being read
	aliased  int                  // values that aliases stand for, so far
	overfull bool
}

func (r *yamlReader) problem(pos Pos, format string, args ...any) {
	r.problems = append(r.problems, Problem{pos, fmt.Sprintf(format, args...)})
}

func (r *yamlReader) at(n *yaml.Node) Pos { return within(Pos{n.Line, n.Column}, r.end) }

// within is pos, or the end of the text where the library has the line after.
func within(pos, end Pos) Pos {
	if pos.Line > end.Line {
		return end
	}
	return pos
}

func (r *yamlReader) node(n *yaml.Node) *Node {
	if n.Kind == yaml.DocumentNode {
		return r.node(n.Content[0])
	}
	if n.Kind == yaml.AliasNode {
		return r.alias(n)
	}
	if n.Anchor == "" {
		return r.content(n)
	}
	r.anchored[n] = nil
	out := r.content(n)
	r.anchored[n] = out
	return out
}

func (r *yamlReader) alias(n *yaml.Node) *Node {
	target := r.anchored[n.Alias]
	if target == nil {
		r.problem(r.at(n), "alias *%s stands inside what it stands for", n.Value)
		return newScalar(r.at(n), Null, "", nil)
	}
	r.aliased += target.weight
	if r.aliased > maxAliased && !r.overfull {
		r.overfull = true
		r.problem(r.at(n), "the aliases up to here stand for more than %d values", maxAliased)
	}
	if r.overfull {
		return newScalar(r.at(n), Null, "", nil)
	}
	return target
}

func (r *yamlReader) content(n *yaml.Node) *Node {
	r.tag(n)
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(n)
	case yaml.SequenceNode:
		items := make([]*Node, len(n.Content))
		for i, item := range n.Content {
			items[i] = r.node(item)
		}
		return newList(r.at(n), items)
	}
	return r.scalar(n)
}

// tag refuses a tag that somebody wrote, unless it says what would be so anyway.
func (r *yamlReader) tag(n *yaml.Node) {
	if n.Style&yaml.TaggedStyle == 0 {
		return
	}
	tag := n.ShortTag()
	want := map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq", yaml.ScalarNode: "!!str"}[n.Kind]
	if tag != want {
		r.problem(r.at(n), "tag %s is not supported", strings.TrimSpace(tag))
	}
}

func (r *yamlReader) scalar(n *yaml.Node) *Node {
	s, problem := r.o.expand(n.Value)
	if problem != "" {
		r.problem(r.at(n), "%s", problem)
		return text(r.at(n), n.Value)
	}
	if n.Style&(quoted|yaml.TaggedStyle) != 0 {
		return text(r.at(n), s)
	}
	out, ok := plain(r.at(n), s)
	if !ok {
		r.problem(r.at(n), "%s", outOfRange(out))
	}
	return out
}

func (r *yamlReader) mapping(n *yaml.Node) *Node {
	var fields []Field
	var merged []*Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], r.node(n.Content[i+1])
		switch {
		case key.Kind == yaml.AliasNode && key.Alias.Kind == yaml.ScalarNode:
			fields = append(fields, Field{key.Alias.Value, r.at(key), value})
		case key.Kind != yaml.ScalarNode || key.Value == "" && key.Style&quoted == 0:
			r.problem(r.at(key), "a key must be text")
		case key.Value == "<<" && key.Style&quoted == 0:
			merged = append(merged, r.mergeable(r.at(key), value)...)
		default:
			r.tag(key)
			fields = append(fields, Field{key.Value, r.at(key), value})
		}
	}
	out, twice := newMap(r.at(n), fields)
	r.problems = append(r.problems, twice...)
	merge(out, merged)
	return out
}

// mergeable are the mappings that a merge key names: one, or a list of them.
func (r *yamlReader) mergeable(pos Pos, value *Node) []*Node {
	from := []*Node{value}
	if value.Kind == List {
		from = value.Items
	}
	for _, n := range from {
		if n.Kind != Map {
			r.problem(pos, "<< takes a mapping or a list of mappings, found %s", n.Describe())
			return nil
		}
	}
	return from
}

// merge adds to n what the mappings have and it has not; earlier ones win
// (https://yaml.org/type/merge.html).
func merge(n *Node, from []*Node) {
	if len(from) == 0 {
		return
	}
	have := make(map[string]bool, len(n.Fields))
	for _, f := range n.Fields {
		have[f.Key] = true
	}
	for _, m := range from {
		for _, f := range m.Fields {
			if !have[f.Key] {
				have[f.Key] = true
				n.Fields = append(n.Fields, f)
				n.weight += f.Value.weight
			}
		}
	}
}
