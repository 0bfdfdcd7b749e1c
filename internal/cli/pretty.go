package cli

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	prettyWidth = 100 // what fits in a line stays in one
	prettyDepth = 16  // what lies deeper does too
)

// pretty lays JSON out for people: like json.Indent, but what fits in a line
// stays in one, as the rows of a matrix should. It returns src as it is when it
// is not JSON.
func pretty(src []byte) []byte {
	var compact bytes.Buffer
	if json.Compact(&compact, src) != nil {
		return src
	}
	p := printer{src: compact.Bytes()}
	p.value(0)
	return p.out
}

// A printer lays out valid, compact JSON.
type printer struct {
	src []byte
	at  int
	out []byte
}

func (p *printer) value(depth int) {
	end := p.end()
	open := p.src[p.at]
	if (open != '{' && open != '[') || end-p.at <= prettyWidth-2*depth || depth >= prettyDepth {
		p.inline(end)
		return
	}
	p.copy(1)
	for p.at < end-1 {
		p.line(depth + 1)
		if open == '{' {
			p.inline(p.end() + 1) // the key and its colon
		}
		p.value(depth + 1)
		if p.src[p.at] == ',' {
			p.copy(1)
		}
	}
	p.line(depth)
	p.copy(1)
}

func (p *printer) copy(n int) {
	p.out = append(p.out, p.src[p.at:p.at+n]...)
	p.at += n
}

func (p *printer) line(depth int) {
	p.out = append(p.out, '\n')
	p.out = append(p.out, strings.Repeat("  ", depth)...)
}

// inline copies up to end, with a space behind every comma and colon.
func (p *printer) inline(end int) {
	quoted := false
	for p.at < end {
		c := p.src[p.at]
		switch {
		case quoted && c == '\\':
			p.copy(1) // and what it escapes
		case c == '"':
			quoted = !quoted
		}
		p.copy(1)
		if !quoted && (c == ',' || c == ':') {
			p.out = append(p.out, ' ')
		}
	}
}

// end is where the value at p.at ends.
func (p *printer) end() int {
	depth, quoted := 0, false
	for i := p.at; i < len(p.src); i++ {
		switch c := p.src[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case c == ',' && depth == 0:
			return i
		}
	}
	return len(p.src)
}
