package document

import "fmt"

// A Pos is a place in a document. The zero Pos is no place.
type Pos struct {
	Line, Col int // from 1; Col counts characters
}

// A Problem is something wrong at a place.
type Problem struct {
	Pos Pos
	Msg string
}

// A Kind says what a value is.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
)

// String names the kind as a reader of a message would: "a list".
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "a whole number", "a number", "text", "a list", "a mapping"}[k]
}

// A Node is one value of a document. It is immutable. A value that aliases
// refer to is one Node in several places.
type Node struct {
	Kind   Kind
	Pos    Pos
	Text   string  // of String its value, of other scalars what is written
	Items  []*Node // of a List
	Fields []Field // of a Map, in order, every key once
	scalar any
	weight int // values in it, those of aliases counted each time
}

// A Field is one member of a Map.
type Field struct {
	Key   string
	Pos   Pos // of the key
	Value *Node
}

// Field returns the member named key; nil if there is none.
func (n *Node) Field(key string) *Field {
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return &n.Fields[i]
		}
	}
	return nil
}

// Value returns the value as Go has it: nil, bool, int64, float64, string,
// []any, map[string]any, and serve.Number for a whole number that int64 does
// not hold. It is a new one each time.
func (n *Node) Value() any {
	switch n.Kind {
	case List:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = item.Value()
		}
		return out
	case Map:
		return n.Values()
	}
	return n.scalar
}

// Values returns a Map as Go has it; nil when n is something else.
func (n *Node) Values() map[string]any {
	if n.Kind != Map {
		return nil
	}
	out := make(map[string]any, len(n.Fields))
	for _, f := range n.Fields {
		out[f.Key] = f.Value.Value()
	}
	return out
}

// Empty says whether the value says nothing: null, false, an empty text, list
// or mapping.
func (n *Node) Empty() bool {
	return n.Kind == Null || n.scalar == false || n.scalar == "" ||
		n.Kind >= List && len(n.Items)+len(n.Fields) == 0
}

// Describe tells what a value is, for a message about a wrong one: the scalar
// as it is written, cut when it is long, else its kind.
func (n *Node) Describe() string {
	const long = 40
	text := []rune(n.Text)
	switch {
	case n.Kind >= List || n.Kind == Null:
		return n.Kind.String()
	case len(text) > long:
		return fmt.Sprintf("%q…", string(text[:long]))
	case n.Kind == String:
		return fmt.Sprintf("%q", n.Text)
	}
	return n.Text
}

// newMap returns a map node and the problems of keys that are there twice.
func newMap(pos Pos, fields []Field) (*Node, []Problem) {
	n := &Node{Kind: Map, Pos: pos, Fields: fields[:0], weight: 1}
	var problems []Problem
	first := make(map[string]Pos, len(fields))
	for _, f := range fields {
		if at, twice := first[f.Key]; twice {
			msg := fmt.Sprintf("key %q is there twice, first in line %d column %d", f.Key, at.Line, at.Col)
			problems = append(problems, Problem{f.Pos, msg})
			continue
		}
		first[f.Key] = f.Pos
		n.Fields = append(n.Fields, f)
		n.weight += f.Value.weight
	}
	return n, problems
}

func newList(pos Pos, items []*Node) *Node {
	n := &Node{Kind: List, Pos: pos, Items: items, weight: 1}
	for _, item := range items {
		n.weight += item.weight
	}
	return n
}
