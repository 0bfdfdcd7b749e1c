package draw

import (
	"fmt"
	"strings"

	"github.com/leat-ml/leat/graph"
)

// Text is the graph as an outline: a line a step, behind those that lead to it,
// with where it leads.
func Text(s *graph.Spec) string {
	p := newPicture(s)
	var b strings.Builder
	for _, rank := range p.ranks() {
		for _, i := range rank {
			if p.boxes[i].in < 0 && !p.isRoute(i) {
				p.outline(&b, i, "")
			}
		}
	}
	return b.String()
}

// isRoute says whether a box is shown below its router.
func (p *picture) isRoute(i int) bool {
	for _, a := range p.arrows {
		if a.within && a.to == i {
			return true
		}
	}
	return false
}

func (p *picture) outline(b *strings.Builder, i int, indent string) {
	box := p.boxes[i]
	fmt.Fprintf(b, "%s%s", indent, box.name)
	if box.detail != "" {
		fmt.Fprintf(b, " (%s)", box.detail)
	}
	var next, failed []string
	for _, a := range p.arrows {
		switch {
		case a.from != i || a.within:
		case a.failure:
			failed = append(failed, p.boxes[a.to].name)
		default:
			next = append(next, p.boxes[a.to].name)
		}
	}
	if len(next) > 0 {
		fmt.Fprintf(b, " -> %s", strings.Join(next, ", "))
	}
	if len(failed) > 0 {
		fmt.Fprintf(b, "; on error -> %s", strings.Join(failed, ", "))
	}
	b.WriteByte('\n')
	for _, a := range p.arrows {
		if a.within && a.from == i {
			p.outline(b, a.to, indent+"  - ")
		}
	}
	for _, j := range p.inside(i) {
		if !p.isRoute(j) {
			p.outline(b, j, indent+"  ")
		}
	}
}
