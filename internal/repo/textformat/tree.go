package textformat

import (
	"github.com/leat-ml/leat/internal/config/document"
)

// A message is what stands between braces, or in the file.
type message struct{ fields []field }

// A field is one name with what is said of it.
type field struct {
	name   string
	pos    document.Pos
	values []value // one, unless it is a list
	list   bool
	colon  bool
}

// A value is a message, a string, a word or a number.
type value struct {
	token
	minus bool
	msg   *message
}

// maxDepth is how deep messages may be nested.
const maxDepth = 50

// A parser makes a tree of tokens. The first mistake ends it.
type parser struct {
	lexer
	tok   token
	depth int
}

func (p *parser) advance() { p.tok = p.lexer.next() }

func (p *parser) isMark(c string) bool { return p.tok.kind == isMark && p.tok.text == c }

// take passes over a mark if it is the next token.
func (p *parser) take(c string) bool {
	if !p.isMark(c) {
		return false
	}
	p.advance()
	return true
}

// parse reads a whole text.
func parse(text string) (*message, *Problem) {
	p := &parser{lexer: lexer{text: text}}
	p.advance()
	m := p.fields("")
	return m, p.err
}

// fields reads up to the mark that ends them, which is left; "" is the end of the
// file.
func (p *parser) fields(end string) *message {
	m := &message{}
	for p.err == nil {
		switch {
		case p.tok.kind == isWord:
			m.fields = append(m.fields, p.field())
			if !p.take(",") {
				p.take(";")
			}
		case p.tok.kind == atEnd && end == "", end != "" && p.isMark(end):
			return m
		case p.tok.kind == atEnd:
			p.fail(p.tok.pos, "%q is missing", end)
		case p.isMark("[") && len(m.fields) == 0:
			p.fail(p.tok.pos, "extensions are not read")
		case p.isMark("["): // behind a word that was taken for the value
			p.fail(p.tok.pos, `"[" stands in the place of a field's name: is a value missing in front? (extensions are not read)`)
		default:
			p.fail(p.tok.pos, "%s stands in the place of a field's name", p.tok)
		}
	}
	return m
}

func (p *parser) field() field {
	f := field{name: p.tok.text, pos: p.tok.pos}
	p.advance()
	f.colon = p.take(":")
	if !p.isMark("[") {
		f.values = []value{p.value()}
		return f
	}
	f.list = true
	open := p.tok.pos
	p.advance()
	for p.err == nil && !p.isMark("]") {
		f.values = append(f.values, p.value())
		if !p.take(",") {
			break
		}
		if p.isMark("]") {
			p.fail(p.tok.pos, "a value is missing behind the comma")
		}
	}
	if p.err == nil && !p.take("]") {
		p.fail(p.tok.pos, `%s stands in the place of "," or "]": the list begins in line %d`, p.tok, open.Line)
	}
	return f
}

func (p *parser) value() value {
	v := value{token: p.tok}
	switch {
	case p.isMark("{"), p.isMark("<"):
		p.advance()
		v.msg = p.nested(v.text)
	case p.tok.kind == isText:
		v.text = p.strings()
	case p.tok.kind == isWord, p.tok.kind == isNumber:
		p.advance()
	case p.isMark("-"):
		p.advance()
		v.minus, v.kind, v.text = true, p.tok.kind, p.tok.text
		if p.tok.kind != isNumber && p.tok.kind != isWord {
			p.fail(p.tok.pos, "%s stands in the place of a number", p.tok)
		}
		p.advance()
	default:
		p.fail(p.tok.pos, "%s stands in the place of a value", p.tok)
	}
	return v
}

// nested reads a message that begins with the mark open.
func (p *parser) nested(open string) *message {
	end := "}"
	if open == "<" {
		end = ">"
	}
	if p.depth++; p.depth > maxDepth {
		p.fail(p.tok.pos, "messages are nested deeper than %d", maxDepth)
	}
	m := p.fields(end)
	p.depth--
	p.take(end)
	return m
}

// strings joins the strings that stand behind one another.
func (p *parser) strings() string {
	text := p.tok.text
	p.advance()
	if p.tok.kind != isText {
		return text
	}
	b := []byte(text)
	for p.tok.kind == isText {
		b = append(b, p.tok.text...)
		p.advance()
	}
	return string(b)
}
