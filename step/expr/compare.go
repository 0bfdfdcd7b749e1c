package expr

import (
	"cmp"
	"strings"
)

// relation is a comparison operator.
type relation uint8

const (
	equal relation = iota
	unequal
	less
	lessEqual
	greater
	greaterEqual
	in
	notIn
	is
	isNot
)

var relations = map[string]relation{
	"==": equal, "!=": unequal, "<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual, "in": in,
}

// relate is "a op b".
func (r *run) relate(op relation, a, b any) (bool, error) {
	switch x := a.(type) {
	case int64:
		if y, ok := b.(int64); ok && op <= greaterEqual {
			return holds(op, cmp.Compare(x, y)), nil
		}
	case string:
		if y, ok := b.(string); ok && op <= greaterEqual {
			return holds(op, strings.Compare(x, y)), r.spend(min(len(x), len(y)))
		}
	}
	switch op {
	case equal:
		return r.same(a, b)
	case unequal:
		ok, err := r.same(a, b)
		return !ok, err
	case in:
		return r.contains(b, a)
	case notIn:
		ok, err := r.contains(b, a)
		return !ok, err
	case is:
		return identical(a, b), nil
	case isNot:
		return !identical(a, b), nil
	}
	return r.order(op, a, b)
}

func holds(op relation, c int) bool {
	switch op {
	case equal:
		return c == 0
	case unequal:
		return c != 0
	case less:
		return c < 0
	case lessEqual:
		return c <= 0
	case greater:
		return c > 0
	}
	return c >= 0
}

// identical compares with None, True or False.
func identical(a, single any) bool {
	switch a.(type) {
	case nil, bool:
		return a == single
	}
	return false
}

// same is a == b.
func (r *run) same(a, b any) (bool, error) {
	if err := r.spend(1); err != nil {
		return false, err
	}
	switch x := a.(type) {
	case nil:
		return b == nil, nil
	case string:
		y, ok := b.(string)
		return ok && x == y, r.spend(len(x))
	case pytype:
		return a == b, nil
	}
	if isNumber(a) && isNumber(b) {
		c, err := numbers(a, b)
		return c == 0, err
	}
	if x, ok := members(a); ok {
		y, ok := members(b)
		if !ok || x.size() != y.size() {
			return false, nil
		}
		return r.sameMembers(x, y)
	}
	n, ok := length(a)
	m, ok2 := length(b)
	if !ok || !ok2 || n != m || typeName(a) != typeName(b) {
		return false, nil
	}
	return r.sameElements(a, b)
}

func (r *run) sameMembers(x, y membership) (bool, error) {
	for k, v := range x.pairs() {
		if o, ok := y.(object); ok { // which is searched through
			if err := r.spend(o.size()); err != nil {
				return false, err
			}
		}
		w, ok := y.member(k)
		if !ok {
			return false, nil
		}
		if ok, err := r.same(v, w); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *run) sameElements(a, b any) (bool, error) {
	x, err := r.elements(a)
	if err != nil {
		return false, err
	}
	y, err := r.elements(b)
	if err != nil {
		return false, err
	}
	for i := range x {
		if ok, err := r.same(x[i], y[i]); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// order is a < b and its like.
func (r *run) order(op relation, a, b any) (bool, error) {
	if isNumber(a) && isNumber(b) {
		c, err := numbers(a, b)
		return c != incomparable && holds(op, c), err
	}
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return holds(op, strings.Compare(x, y)), r.spend(min(len(x), len(y)))
		}
	}
	kind := typeName(a)
	if kind != typeName(b) || kind != "list" && kind != "tuple" {
		symbol := [...]string{less: "<", lessEqual: "<=", greater: ">", greaterEqual: ">="}[op]
		return false, typeError("'%s' not supported between instances of '%s' and '%s'", symbol, kind, typeName(b))
	}
	x, err := r.elements(a)
	if err != nil {
		return false, err
	}
	y, err := r.elements(b)
	if err != nil {
		return false, err
	}
	for i := range min(len(x), len(y)) {
		if ok, err := r.same(x[i], y[i]); err != nil {
			return false, err
		} else if !ok {
			return r.relate(op, x[i], y[i])
		}
	}
	return holds(op, cmp.Compare(len(x), len(y))), nil
}

// contains is "x in where".
func (r *run) contains(where, x any) (bool, error) {
	if s, ok := where.(string); ok {
		sub, ok := x.(string)
		if !ok {
			return false, typeError("'in <string>' requires string as left operand, not %s", typeName(x))
		}
		return strings.Contains(s, sub), r.spend(len(s))
	}
	if m, ok := members(where); ok {
		if _, err := hashed(x); err != nil {
			return false, err
		}
		_, ok := m.member(x)
		return ok, r.spend(1 + m.size()/element)
	}
	if _, ok := length(where); !ok {
		return false, typeError("argument of type '%s' is not iterable", typeName(where))
	}
	list, err := r.elements(where)
	if err != nil {
		return false, err
	}
	for _, v := range list {
		if ok, err := r.same(v, x); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
