package document

import (
	"errors"
	"math"

	"github.com/leat-ml/leat/oip/jsontext"
)

type jsonReader struct {
	lx       jsontext.Lexer
	at       locator
	o        variables
	problems []Problem
}

func parseJSON(data []byte, o Options) (*Node, []Problem) {
	r := &jsonReader{lx: jsontext.Lexer{Data: data}, at: locator{data: data}, o: variables{o, maxExpanded}}
	n, err := r.value()
	if err == nil {
		err = r.lx.End()
	}
	if err != nil {
		var syntax *jsontext.SyntaxError
		if errors.As(err, &syntax) {
			return nil, []Problem{{r.at.pos(syntax.Offset), "not JSON: " + syntax.Msg}}
		}
		return nil, []Problem{{r.pos(), "not JSON: " + err.Error()}}
	}
	return n, r.problems
}

// pos is the place of the next value.
func (r *jsonReader) pos() Pos {
	r.lx.SkipSpace()
	return r.at.pos(r.lx.Pos)
}

func (r *jsonReader) problem(pos Pos, msg string) {
	r.problems = append(r.problems, Problem{pos, msg})
}

func (r *jsonReader) value() (*Node, error) {
	pos := r.pos()
	if n := r.pythonFloat(pos); n != nil {
		return n, nil
	}
	switch r.lx.Kind() {
	case jsontext.Object:
		return r.object(pos)
	case jsontext.Array:
		return r.array(pos)
	case jsontext.String:
		s, err := r.lx.String()
		return r.text(pos, s), err
	case jsontext.Bool:
		b, err := r.lx.Bool()
		if b {
			return newScalar(pos, Bool, "true", true), err
		}
		return newScalar(pos, Bool, "false", false), err
	case jsontext.Null:
		return newScalar(pos, Null, "null", nil), r.lx.Literal("null")
	}
	return r.number(pos)
}

// pythonFloat reads the floats that Python's json writes and JSON does not
// have; nil if the next value is none.
func (r *jsonReader) pythonFloat(pos Pos) *Node {
	f, word := 0.0, ""
	switch r.lx.Peek() {
	case 'N':
		f, word = math.NaN(), "NaN"
	case 'I':
		f, word = math.Inf(1), "Infinity"
	case '-':
		f, word = math.Inf(-1), "-Infinity"
	}
	if word == "" || r.lx.Literal(word) != nil {
		return nil
	}
	return newScalar(pos, Float, word, f)
}

func (r *jsonReader) number(pos Pos) (*Node, error) {
	tok, _, err := r.lx.Number()
	if err != nil {
		return nil, err
	}
	n, ok := plain(pos, string(tok)) // every JSON number is a YAML number
	if !ok {
		r.problem(pos, outOfRange(n))
	}
	return n, nil
}

func (r *jsonReader) text(pos Pos, s string) *Node {
	s, problem := r.o.expand(s)
	if problem != "" {
		r.problem(pos, problem)
	}
	return text(pos, s)
}

func (r *jsonReader) object(pos Pos) (*Node, error) {
	var fields []Field
	more, err := r.lx.ObjectStart()
	for more && err == nil {
		f := Field{Pos: r.pos()}
		var key []byte
		if key, err = r.lx.ReadKey(nil); err != nil {
			break
		}
		f.Key = string(key)
		if f.Value, err = r.value(); err != nil {
			break
		}
		fields = append(fields, f)
		more, err = r.lx.ObjectNext()
	}
	if err != nil {
		return nil, err
	}
	n, twice := newMap(pos, fields)
	r.problems = append(r.problems, twice...)
	return n, nil
}

func (r *jsonReader) array(pos Pos) (*Node, error) {
	var items []*Node
	more, err := r.lx.ArrayStart()
	for more && err == nil {
		var item *Node
		if item, err = r.value(); err != nil {
			break
		}
		items = append(items, item)
		more, err = r.lx.ArrayNext()
	}
	if err != nil {
		return nil, err
	}
	return newList(pos, items), nil
}

func outOfRange(n *Node) string { return "number " + n.Describe() + " is out of range" }
