package draw

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/leat-ml/leat/graph"
)

// Sizes in pixels.
const (
	charWidth  = 7.2 // of the font's average character, at its size
	boxHeight  = 44
	laneHeight = 2
	rowGap     = 22
	columnGap  = 64
	margin     = 20
	minWidth   = 64
	maxLetters = 40
)

// A placed box has its corner and width.
type placed struct{ x, y, w float64 }

// SVG is the graph as a picture that stands by itself, from left to right.
func SVG(s *graph.Spec) string {
	p := newPicture(s)
	for i, box := range p.boxes { // a flow is tied to its first step, as a router to its routes
		if within := p.inside(i); box.kind == flow && len(within) > 0 {
			p.arrows = append(p.arrows, arrow{from: i, to: within[0], within: true})
		}
	}
	at, lanes, width, height := p.layout()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="system-ui, sans-serif" role="img">`+"\n", width, height, width, height)
	b.WriteString(svgHead)
	for i, a := range p.arrows {
		svgArrow(&b, a, at, lanes[i])
	}
	for i := range p.boxes {
		p.svgBox(&b, i, at[i])
	}
	b.WriteString("</svg>\n")
	return b.String()
}

const svgHead = `<title>Serving graph</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#5b6470"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
`

func boxWidth(b box) float64 {
	n := max(utf8.RuneCountInString(clip(b.name)), utf8.RuneCountInString(clip(b.detail)))
	return max(minWidth, float64(n)*charWidth+24)
}

func clip(s string) string {
	if utf8.RuneCountInString(s) <= maxLetters {
		return s
	}
	return string([]rune(s)[:maxLetters-1]) + "…"
}

// svgArrow draws an arrow through its lanes.
func svgArrow(b *strings.Builder, a arrow, at, lanes []placed) {
	from, to := at[a.from], at[a.to]
	x1, y1 := from.x+from.w, from.y+boxHeight/2
	x2, y2 := to.x, to.y+boxHeight/2
	style := `stroke="#5b6470" marker-end="url(#tip)"`
	switch {
	case a.failure:
		style = `stroke="#c0392b" stroke-dasharray="5 4" marker-end="url(#tip)"`
	case a.within:
		style = `stroke="#9aa3ad"`
	}
	fmt.Fprintf(b, `<path d="M%.1f %.1f`, x1, y1)
	for _, lane := range lanes {
		y := lane.y + laneHeight/2
		curve(b, x1, y1, lane.x, y)
		x1, y1 = lane.x+lane.w, y
		fmt.Fprintf(b, " L%.1f %.1f", x1, y1)
	}
	curve(b, x1, y1, x2, y2)
	fmt.Fprintf(b, `" fill="none" stroke-width="1.5" %s/>`+"\n", style)
}

// curve goes on from one point to another, and is level at both.
func curve(b *strings.Builder, x1, y1, x2, y2 float64) {
	bend := max(columnGap/2, (x2-x1)/2)
	fmt.Fprintf(b, " C%.1f %.1f %.1f %.1f %.1f %.1f", x1+bend, y1, x2-bend, y2, x2, y2)
}

var fills = map[kind][2]string{
	request: {"#eef2f7", "#8896a6"}, answer: {"#eef2f7", "#8896a6"}, task: {"#ffffff", "#4a6fa5"},
	router: {"#e8f0fb", "#2f5d9b"}, flow: {"#f6f1e7", "#a5854a"}, queue: {"#eaf6ee", "#3f8f5f"}, handler: {"#fdeeec", "#c0392b"},
}

func (p *picture) svgBox(b *strings.Builder, i int, at placed) {
	box := p.boxes[i]
	round := 6.0
	if box.kind == request || box.kind == answer {
		round = boxHeight / 2
	}
	fill := fills[box.kind]
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="%.0f" fill="%s" stroke="%s" stroke-width="1.5"/>`,
		html.EscapeString(strings.TrimSpace(box.name+" "+box.detail)), at.x, at.y, at.w, boxHeight, round, fill[0], fill[1])
	middle := at.x + at.w/2
	if box.detail == "" {
		svgText(b, middle, at.y+boxHeight/2+4.5, 13, "#1c2733", box.name)
	} else {
		svgText(b, middle, at.y+18.5, 13, "#1c2733", box.name)
		svgText(b, middle, at.y+34.5, 11, "#5b6470", box.detail)
	}
	b.WriteString("</g>\n")
}

func svgText(b *strings.Builder, x, y float64, size int, color, text string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" font-size="%d" fill="%s" text-anchor="middle">%s</text>`, x, y, size, color, html.EscapeString(clip(text)))
}
