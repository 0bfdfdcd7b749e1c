package draw

import (
	"fmt"
	"strings"

	"github.com/leat-ml/leat/graph"
)

// Mermaid is the graph as a Mermaid flowchart.
func Mermaid(s *graph.Spec) string {
	p := newPicture(s)
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	p.mermaid(&b, -1, "  ")
	for _, a := range p.arrows {
		link := "-->"
		switch {
		case a.failure:
			link = "-. error .->"
		case a.within:
			link = "---"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", p.boxes[a.from].id, link, p.boxes[a.to].id)
	}
	return b.String()
}

func (p *picture) mermaid(b *strings.Builder, in int, indent string) {
	for _, i := range p.inside(in) {
		box := p.boxes[i]
		label := mermaidText(box.name)
		if box.detail != "" && box.kind != flow {
			label += "<br/><small>" + mermaidText(box.detail) + "</small>"
		}
		switch box.kind {
		case request, answer:
			fmt.Fprintf(b, "%s%s([\"%s\"])\n", indent, box.id, label)
		case router:
			fmt.Fprintf(b, "%s%s{{\"%s\"}}\n", indent, box.id, label)
		case queue:
			fmt.Fprintf(b, "%s%s[(\"%s\")]\n", indent, box.id, label)
		case flow:
			fmt.Fprintf(b, "%ssubgraph %s [\"%s\"]\n", indent, box.id, label)
			p.mermaid(b, i, indent+"  ")
			fmt.Fprintf(b, "%send\n", indent)
		default:
			fmt.Fprintf(b, "%s%s[\"%s\"]\n", indent, box.id, label)
		}
	}
}

// mermaidText is text within quotes.
func mermaidText(s string) string {
	return strings.NewReplacer("&", "&amp;", "\"", "&quot;", "<", "&lt;", ">", "&gt;", "\n", " ", "#", "&#35;", "`", "'").Replace(s)
}

// Dot is the graph as Graphviz source.
func Dot(s *graph.Spec) string {
	p := newPicture(s)
	var b strings.Builder
	b.WriteString("digraph leat {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n")
	p.dot(&b, -1, "  ")
	for _, a := range p.arrows {
		style := ""
		switch {
		case a.failure:
			style = ` [style=dashed, label="error"]`
		case a.within:
			style = " [dir=none]"
		}
		fmt.Fprintf(&b, "  %s -> %s%s;\n", p.inner(a.from), p.inner(a.to), style)
	}
	b.WriteString("}\n")
	return b.String()
}

// inner is the box that an arrow of Graphviz can be tied to.
func (p *picture) inner(i int) string {
	for p.boxes[i].kind == flow {
		within := p.inside(i)
		if len(within) == 0 {
			break
		}
		i = within[0]
	}
	return p.boxes[i].id
}

func (p *picture) dot(b *strings.Builder, in int, indent string) {
	for _, i := range p.inside(in) {
		box := p.boxes[i]
		label := dotText(box.name)
		if box.detail != "" && box.kind != flow {
			label += `\n` + dotText(box.detail)
		}
		if box.kind == flow && len(p.inside(i)) > 0 {
			fmt.Fprintf(b, "%ssubgraph cluster_%s {\n%s  label=\"%s\";\n", indent, box.id, indent, label)
			p.dot(b, i, indent+"  ")
			fmt.Fprintf(b, "%s}\n", indent)
			continue
		}
		shape := ""
		switch box.kind {
		case request, answer:
			shape = ", shape=oval"
		case router:
			shape = ", shape=hexagon, style=solid"
		case queue:
			shape = ", shape=cylinder, style=solid"
		}
		fmt.Fprintf(b, "%s%s [label=\"%s\"%s];\n", indent, box.id, label, shape)
	}
}

// dotText is text within quotes.
func dotText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(s)
}
