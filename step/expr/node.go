package expr

import (
	"context"

	"github.com/leat-ml/leat/serve"
)

// A node is an expression, compiled. Evaluating it changes nothing but the run.
type node interface {
	eval(r *run) (any, error)
}

// A run is one evaluation.
type run struct {
	ctx   context.Context
	vars  []any // by slot: the program's variables, then those of comprehensions
	spent int
	look  int // what must be spent before the context is looked at again
	few   [4]any

	flat   map[*serve.Tensor][]any // elements of tensors of integers and fractions
	sought int                     // and how many were looked for one by one
}

// What one evaluation may spend: a unit is about a byte built or compared, and
// an element of a list costs as much as it takes in memory.
const (
	budget  = 64 << 20
	element = 16
	stride  = 64 << 10 // between two looks at the context
)

// spend accounts for n units of work or memory before they are used.
func (r *run) spend(n int) error {
	if n > budget-r.spent {
		return &failure{class: "MemoryError", pos: -1, limit: true,
			text: "the expression builds or works through more than one evaluation may"}
	}
	if r.spent += n; r.spent < r.look {
		return nil
	}
	r.look = r.spent + stride
	return r.ctx.Err()
}

// constant is a literal.
type constant struct{ v any }

func (n constant) eval(*run) (any, error) { return n.v, nil }

// variable is one of the program's or of a comprehension, or the name of a type.
type variable struct {
	name string
	slot int // -1 until it is bound
	typ  *pytype
	pos  int
}

func (n *variable) eval(r *run) (any, error) {
	if n.slot >= 0 {
		return r.vars[n.slot], nil
	}
	return *n.typ, nil
}

type not struct{ x node }

func (n not) eval(r *run) (any, error) {
	v, err := n.x.eval(r)
	if err != nil {
		return nil, err
	}
	return !truth(v), nil
}

// junction is a chain of and, or of or: the first operand that decides, else
// the last.
type junction struct {
	or   bool
	list []node
}

func (n *junction) eval(r *run) (v any, err error) {
	for _, x := range n.list {
		if v, err = x.eval(r); err != nil || truth(v) == n.or {
			return v, err
		}
	}
	return v, nil
}

// choice is "yes if cond else no".
type choice struct{ cond, yes, no node }

func (n *choice) eval(r *run) (any, error) {
	v, err := n.cond.eval(r)
	if err != nil {
		return nil, err
	}
	if truth(v) {
		return n.yes.eval(r)
	}
	return n.no.eval(r)
}

// compare is a chain: a < b <= c, each operand evaluated once.
type compare struct {
	first node
	rest  []comparand
}

type comparand struct {
	op  relation
	x   node
	pos int
}

func (n *compare) eval(r *run) (any, error) {
	left, err := n.first.eval(r)
	if err != nil {
		return nil, err
	}
	for i := range n.rest {
		c := &n.rest[i]
		right, err := c.x.eval(r)
		if err != nil {
			return nil, err
		}
		ok, err := r.relate(c.op, left, right)
		if err != nil {
			return nil, placed(c.pos, err)
		}
		if !ok {
			return false, nil
		}
		left = right
	}
	return true, nil
}

// binary is an arithmetic operation.
type binary struct {
	op   operator
	l, r node
	pos  int
}

func (n *binary) eval(r *run) (any, error) {
	a, err := n.l.eval(r)
	if err != nil {
		return nil, err
	}
	b, err := n.r.eval(r)
	if err != nil {
		return nil, err
	}
	v, err := r.operate(n.op, a, b)
	return at(n.pos, v, err)
}

// unary is a sign or an inversion.
type unary struct {
	op  byte // '-', '+' or '~'
	x   node
	pos int
}

func (n *unary) eval(r *run) (any, error) {
	v, err := n.x.eval(r)
	if err != nil {
		return nil, err
	}
	v, err = negate(n.op, v)
	return at(n.pos, v, err)
}

// index is x[key].
type index struct {
	x, key node
	pos    int
}

func (n *index) eval(r *run) (any, error) {
	x, err := n.x.eval(r)
	if err != nil {
		return nil, err
	}
	key, err := n.key.eval(r)
	if err != nil {
		return nil, err
	}
	v, err := r.item(x, key)
	return at(n.pos, v, err)
}

// slice is x[from:to:step], each of which may be nil.
type slice struct {
	x              node
	from, to, step node
	pos            int
}

func (n *slice) eval(r *run) (any, error) {
	x, err := n.x.eval(r)
	if err != nil {
		return nil, err
	}
	var bounds [3]any
	for i, b := range [...]node{n.from, n.to, n.step} {
		if b == nil {
			continue
		}
		if bounds[i], err = b.eval(r); err != nil {
			return nil, err
		}
	}
	v, err := r.slice(x, bounds)
	return at(n.pos, v, err)
}

// attribute is x.name.
type attribute struct {
	x    node
	name string
	pos  int
}

func (n *attribute) eval(r *run) (any, error) {
	x, err := n.x.eval(r)
	if err != nil {
		return nil, err
	}
	v, err := member(x, n.name)
	return at(n.pos, v, err)
}

// A call is a function or a method with its arguments.
type call struct {
	fn   function
	self node // of a method
	name string
	args []node // positional, then those by keyword
	keys []string
	pos  int
}

func (n *call) eval(r *run) (any, error) {
	a := args{name: n.name, keys: n.keys, list: make([]any, len(n.args))}
	var err error
	if n.self != nil {
		if a.self, err = n.self.eval(r); err != nil {
			return nil, err
		}
	}
	for i, x := range n.args {
		if a.list[i], err = x.eval(r); err != nil {
			return nil, err
		}
	}
	v, err := n.fn(r, &a)
	return at(n.pos, v, err)
}
