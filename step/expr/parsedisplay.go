package expr

import "slices"

// list reads expressions and spreads up to close, which is not passed; more
// than one, or a comma, makes a tuple.
func (c *compiler) list(close string) (node, error) {
	items, comma, err := c.items(close)
	if err != nil {
		return nil, err
	}
	if !comma && len(items) == 1 {
		if items[0].spread {
			return nil, c.errorf(items[0].pos, "* spreads only within a list, a tuple or a dict")
		}
		return items[0].x, nil
	}
	return &sequence{items, true}, nil
}

// items reads a list of expressions and spreads, at least one unless close is
// next.
func (c *compiler) items(close string) (items []entry, comma bool, err error) {
	for {
		if t := c.peek(); len(items) > 0 && (t.kind == end || close != "" && c.is(close)) {
			return items, comma, nil
		}
		pos := c.peek().pos
		spread := c.accept("*")
		var x node
		if spread {
			x, err = c.arithmetic(0)
		} else {
			x, err = c.expression()
		}
		if err != nil {
			return nil, false, err
		}
		items = append(items, entry{x: x, spread: spread, pos: pos})
		if !c.accept(",") {
			return items, comma, nil
		}
		comma = true
	}
}

// parenthesis reads "(x)" or a tuple behind its first token.
func (c *compiler) parenthesis(open token) (node, error) {
	if c.accept(")") {
		return &sequence{tuple: true}, nil
	}
	n, err := c.list(")")
	if err != nil {
		return nil, err
	}
	if c.is("for") {
		return nil, c.errorf(c.peek().pos, "a generator stands only in the single argument of a call: write […]")
	}
	if c.is("=") || c.is(":=") {
		return nil, c.trailing(c.peek())
	}
	if !c.accept(")") {
		return nil, c.unclosed("(", ")", open.pos)
	}
	return n, nil
}

func (c *compiler) listDisplay(open token) (node, error) {
	if c.accept("]") {
		return &sequence{}, nil
	}
	mark := len(c.refs)
	items, comma, err := c.items("]")
	if err != nil {
		return nil, err
	}
	var n node = &sequence{list: items}
	if len(items) == 1 && !comma && !items[0].spread && c.is("for") {
		if n, err = c.comprehended(mark, nil, items[0].x, open.pos); err != nil {
			return nil, err
		}
	}
	if !c.accept("]") {
		return nil, c.unclosed("[", "]", open.pos)
	}
	return n, nil
}

func (c *compiler) dictDisplay(open token) (node, error) {
	n := &mapping{}
	for !c.accept("}") {
		mark := len(c.refs)
		e, err := c.pair(open)
		if err != nil {
			return nil, err
		}
		if c.is("for") && len(n.list) == 0 && !e.spread {
			x, err := c.comprehended(mark, e.key, e.x, open.pos)
			if err == nil && !c.accept("}") {
				err = c.unclosed("{", "}", open.pos)
			}
			return x, err
		}
		n.list = append(n.list, e)
		if !c.accept(",") && !c.is("}") {
			return nil, c.unclosed("{", "}", open.pos)
		}
	}
	return n, nil
}

func (c *compiler) pair(open token) (entry, error) {
	pos := c.peek().pos
	if c.accept("**") {
		x, err := c.arithmetic(0)
		return entry{x: x, spread: true, pos: pos}, err
	}
	key, err := c.expression()
	if err != nil {
		return entry{}, err
	}
	if c.is(",") || c.is("}") || c.is("for") {
		return entry{}, c.errorf(open.pos, "sets are not supported: write a list")
	}
	if err := c.expect(":", "between key and value"); err != nil {
		return entry{}, err
	}
	x, err := c.expression()
	return entry{key: key, x: x, pos: pos}, err
}

// comprehended reads the clauses behind what a comprehension collects. The names
// in that, of which the first is the one numbered mark, may be the clauses'
// variables: they are bound once those are known.
func (c *compiler) comprehended(mark int, key, x node, pos int) (node, error) {
	n := &comprehension{key: key, x: x, pos: pos}
	scope := map[string]int{}
	inner := c.refs[mark:len(c.refs):len(c.refs)]
	for c.is("for") {
		from := len(c.refs)
		cl, err := c.clause(scope)
		if err != nil {
			return nil, err
		}
		if len(n.clauses) > 0 {
			inner = append(inner, c.refs[from:]...)
		} else {
			inner = append(inner, c.refs[cl.outer:]...)
		}
		n.clauses = append(n.clauses, cl)
	}
	for _, ref := range inner {
		if i, ok := scope[ref.name]; ok && ref.slot < 0 {
			ref.slot = i
		}
	}
	return n, nil
}

// clause reads "for a, b in x if cond", whose targets it adds to scope.
func (c *compiler) clause(scope map[string]int) (cl clause, err error) {
	c.i++
	cl.pos = c.peek().pos
	for !c.accept("in") {
		t := c.next()
		if t.kind != name || slices.Contains(keywords, t.text) {
			c.i--
			return cl, c.unexpected("want a name behind for")
		}
		if _, ok := scope[t.text]; !ok {
			scope[t.text] = c.slots
			c.slots++
		}
		cl.targets = append(cl.targets, scope[t.text])
		if c.accept(",") {
			cl.unpack = true
		} else if !c.is("in") {
			return cl, c.unexpected("want in behind the names")
		}
	}
	if cl.targets == nil {
		return cl, c.errorf(cl.pos, "want a name behind for")
	}
	if cl.x, err = c.disjunction(); err != nil {
		return cl, err
	}
	cl.outer = len(c.refs)
	for c.accept("if") {
		cond, err := c.disjunction()
		if err != nil {
			return cl, err
		}
		cl.conds = append(cl.conds, cond)
	}
	return cl, nil
}
