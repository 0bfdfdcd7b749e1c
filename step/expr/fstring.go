package expr

import (
	"strings"
)

// strings reads string literals that stand side by side.
func (c *compiler) strings() (node, error) {
	var parts []piece
	for c.peek().kind == text {
		more, err := c.stringParts(c.next())
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	var plain strings.Builder
	for _, p := range parts {
		if p.x != nil {
			return &formatted{parts}, nil
		}
		plain.WriteString(p.text)
	}
	return constant{plain.String()}, nil
}

// stringParts takes one literal apart.
func (c *compiler) stringParts(t token) ([]piece, error) {
	prefix, body, offset := literal(t)
	raw, format := false, false
	switch prefix {
	case "", "u":
	case "r":
		raw = true
	case "f":
		format = true
	case "rf", "fr":
		raw, format = true, true
	case "b", "rb", "br":
		return nil, c.errorf(t.pos, "bytes are not supported: write a string")
	default:
		return nil, c.errorf(t.pos, "%s is no prefix of a string", prefix)
	}
	body = strings.ReplaceAll(body, "\r\n", "\n")
	if format {
		return c.format(body, t.pos+offset, raw)
	}
	s := body
	var err error
	if !raw {
		s, err = c.unescape(body, t.pos+offset)
	}
	return []piece{{text: s}}, err
}

// piece is a part of an f-string: text, or a value with how to write it.
type piece struct {
	text string
	x    node
	conv byte // 'r', 's' or 0
	spec spec
	pos  int
}

// formatted is an f-string.
type formatted struct{ parts []piece }

func (n *formatted) eval(r *run) (any, error) {
	var b strings.Builder
	for i := range n.parts {
		p := &n.parts[i]
		s := p.text
		if p.x != nil {
			v, err := p.x.eval(r)
			if err == nil {
				s, err = p.write(r, v)
			}
			if err != nil {
				return nil, placed(p.pos, err)
			}
		}
		if err := r.spend(2 * len(s)); err != nil {
			return nil, placed(p.pos, err)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func (p *piece) write(r *run, v any) (string, error) {
	switch p.conv {
	case 'r':
		s, err := r.repr(v)
		if err != nil {
			return "", err
		}
		return p.spec.format(r, s)
	case 's':
		s, err := r.str(v)
		if err != nil {
			return "", err
		}
		return p.spec.format(r, s)
	}
	return p.spec.format(r, v)
}

// format reads the body of an f-string, which stands at byte pos.
func (c *compiler) format(body string, pos int, raw bool) ([]piece, error) {
	var parts []piece
	for i := 0; i < len(body); {
		switch {
		case strings.HasPrefix(body[i:], "{{"), strings.HasPrefix(body[i:], "}}"):
			parts = append(parts, piece{text: body[i : i+1]})
			i += 2
		case body[i] == '}':
			return nil, c.errorf(pos+i, "a single } stands in an f-string: write }}")
		case body[i] == '{':
			p, n, err := c.field(body[i+1:], pos+i+1)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
			i += 1 + n
		default:
			n := strings.IndexAny(body[i:], "{}")
			if n < 0 {
				n = len(body) - i
			}
			s := body[i : i+n]
			if !raw {
				var err error
				if s, err = c.unescape(s, pos+i); err != nil {
					return nil, err
				}
			}
			parts = append(parts, piece{text: s})
			i += n
		}
	}
	return parts, nil
}

// field reads "expression!r:spec}" and returns how long it is.
func (c *compiler) field(s string, pos int) (piece, int, error) {
	stop, err := c.fieldEnd(s, pos)
	if err != nil {
		return piece{}, 0, err
	}
	p := piece{pos: pos}
	if strings.TrimSpace(s[:stop]) == "" {
		return p, 0, c.errorf(pos, "the expression between { and } is missing")
	}
	if p.x, err = c.inner(s[:stop], pos); err != nil {
		return p, 0, err
	}
	if s[stop] == '=' {
		return p, 0, c.errorf(pos+stop, "{x=} is not supported in an f-string")
	}
	if s[stop] == '!' {
		if stop+1 >= len(s) || s[stop+1] != 'r' && s[stop+1] != 's' {
			return p, 0, c.errorf(pos+stop, "want !r or !s")
		}
		p.conv = s[stop+1]
		stop += 2
	}
	if stop < len(s) && s[stop] == ':' {
		n := strings.IndexAny(s[stop:], "{}")
		if n < 0 || s[stop+n] == '{' {
			return p, 0, c.errorf(pos+stop, "want } behind a format without expressions")
		}
		if p.spec, err = parseSpec(s[stop+1 : stop+n]); err != nil {
			return p, 0, c.errorf(pos+stop+1, "%s", err)
		}
		stop += n
	}
	if stop >= len(s) || s[stop] != '}' {
		return p, 0, c.errorf(pos-1, "{ is not closed in the f-string")
	}
	return p, stop + 1, nil
}

// fieldEnd finds where the expression in an f-string ends.
func (c *compiler) fieldEnd(s string, pos int) (int, error) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; ch {
		case '\\':
			return 0, c.errorf(pos+i, `\ cannot stand in the expression of an f-string`)
		case '\'', '"':
			n := strings.IndexByte(s[i+1:], ch)
			if n < 0 {
				return 0, c.errorf(pos+i, "the string that begins here does not end")
			}
			i += n + 1
		case '(', '[', '{':
			depth++
		case ')', ']':
			depth--
		case '}':
			if depth == 0 {
				return i, nil
			}
			depth--
		case ':':
			if depth == 0 {
				return i, nil
			}
		case '!', '=':
			if depth == 0 && (i+1 == len(s) || s[i+1] != '=') && (i == 0 || strings.IndexByte("=!<>", s[i-1]) < 0) {
				return i, nil
			}
		}
	}
	return 0, c.errorf(pos-1, "{ is not closed in the f-string")
}

// inner compiles the expression within an f-string, which stands at byte pos.
func (c *compiler) inner(s string, pos int) (node, error) {
	tokens, err := c.tokenize(s, pos)
	if err != nil {
		return nil, err
	}
	if err := c.deeper(); err != nil {
		return nil, err
	}
	saved, at := c.tokens, c.i
	c.tokens, c.i = tokens, 0
	n, err := c.whole()
	c.tokens, c.i = saved, at
	c.depth--
	return n, err
}
