package expr

import (
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
)

// primary reads an atom and what is indexed, called and selected behind it.
func (c *compiler) primary() (node, error) {
	x, err := c.atom()
	for err == nil {
		t := c.peek()
		switch {
		case c.accept("["):
			x, err = c.subscript(x, t.pos)
		case c.accept("."):
			x, err = c.selected(x)
		case c.is("("):
			return nil, c.errorf(t.pos, "only the functions and methods of the language can be called")
		default:
			return x, nil
		}
	}
	return nil, err
}

// keywords are names that mean something else, or nothing here.
var keywords = strings.Fields("and as assert async await break class continue def del elif else except finally for from " +
	"global if import in is lambda nonlocal not or pass raise return try while with yield")

func (c *compiler) atom() (node, error) {
	t := c.next()
	switch t.kind {
	case number:
		v, err := c.number(t)
		return constant{v}, err
	case text:
		c.i--
		return c.strings()
	case name:
		return c.named(t)
	case operand:
		switch t.text {
		case "(":
			return c.parenthesis(t)
		case "[":
			return c.listDisplay(t)
		case "{":
			return c.dictDisplay(t)
		case "...":
			return nil, c.errorf(t.pos, "... is not supported")
		case "*", "**":
			return nil, c.errorf(t.pos, "%s spreads only within a list, a tuple or a dict", t.text)
		}
	}
	if t.kind != end {
		c.i--
	}
	return nil, c.unexpected("want a value")
}

// named reads a constant, a variable or a call of a function.
func (c *compiler) named(t token) (node, error) {
	switch t.text {
	case "None":
		return constant{nil}, nil
	case "True":
		return constant{true}, nil
	case "False":
		return constant{false}, nil
	}
	if slices.Contains(keywords, t.text) {
		return nil, c.errorf(t.pos, "%s does not belong here", t.text)
	}
	if pos := c.peek().pos; c.accept("(") {
		f, ok := functions[t.text]
		if !ok && slices.Contains(c.names, t.text) {
			return nil, c.errorf(pos, "%s is no function", t.text)
		}
		if !ok {
			return nil, c.unknown(t)
		}
		return c.arguments(&call{fn: f, name: t.text, pos: t.pos}, pos)
	}
	ref := &variable{name: t.text, slot: -1, pos: t.pos}
	c.refs = append(c.refs, ref)
	return ref, nil
}

// bind gives the names that no comprehension has bound their variables.
func (c *compiler) bind() error {
	for _, ref := range c.refs {
		if ref.slot >= 0 {
			continue
		}
		if ref.slot = slices.Index(c.names, ref.name); ref.slot >= 0 {
			continue
		}
		if typ, ok := types[ref.name]; ok {
			ref.typ = &typ
			continue
		}
		if _, ok := functions[ref.name]; ok {
			return c.errorf(ref.pos, "the function %s is not called: write %s(…)", ref.name, ref.name)
		}
		return c.unknown(token{name, ref.name, ref.pos})
	}
	return nil
}

func (c *compiler) unknown(t token) error {
	known := slices.Clone(c.names)
	there := "there is " + strings.Join(known, ", ")
	for f := range functions {
		known = append(known, f)
	}
	slices.Sort(known)
	if near := catalog.Nearest(t.text, known); len(near) > 0 {
		there = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return c.errorf(t.pos, "the name %s is not defined (%s)", shorten(t.text), there)
}

// selected reads the attribute or the method behind a point.
func (c *compiler) selected(x node) (node, error) {
	t := c.next()
	if t.kind != name {
		return nil, c.errorf(t.pos, "want a name behind the point")
	}
	pos := c.peek().pos
	if c.accept("(") {
		m, ok := methods[t.text]
		if !ok {
			return nil, c.noMember(t, "method")
		}
		return c.arguments(&call{fn: m, self: x, name: t.text, pos: t.pos}, pos)
	}
	if slices.Contains(attributes, t.text) {
		return &attribute{x, t.text, t.pos}, nil
	}
	if _, ok := methods[t.text]; ok {
		return nil, c.errorf(t.pos, "the method %s is not called: write .%s(…)", t.text, t.text)
	}
	return nil, c.noMember(t, "attribute")
}

func (c *compiler) noMember(t token, what string) error {
	var known []string
	if what == "method" {
		for m := range methods {
			known = append(known, m)
		}
	} else {
		known = append(known, attributes...)
	}
	slices.Sort(known)
	hint := ""
	if what == "method" && t.text == "format" {
		hint = ": use an f-string"
	} else if near := catalog.Nearest(t.text, known); len(near) > 0 {
		hint = ": did you mean " + strings.Join(near, " or ") + "?"
	} else if what == "attribute" {
		hint = ": a member of a dictionary is selected by ['" + shorten(t.text) + "']"
	}
	return c.errorf(t.pos, "there is no %s %s%s", what, shorten(t.text), hint)
}

// arguments reads what is behind the opening parenthesis of a call.
func (c *compiler) arguments(n *call, open int) (node, error) {
	for !c.accept(")") {
		t, mark := c.peek(), len(c.refs)
		if c.is("*") || c.is("**") {
			return nil, c.errorf(t.pos, "%s in front of an argument is not supported", t.text)
		}
		if t.kind == name && c.tokens[c.i+1].text == "=" && c.tokens[c.i+1].kind == operand {
			c.i += 2
			if slices.Contains(n.keys, t.text) {
				return nil, c.errorf(t.pos, "the argument %s is there twice", t.text)
			}
			n.keys = append(n.keys, t.text)
		} else if n.keys != nil {
			return nil, c.errorf(t.pos, "arguments without a name come first")
		}
		x, err := c.expression()
		if err == nil && c.is("for") {
			if x, err = c.generator(n, x, mark); err == nil && !c.is(")") {
				err = c.unexpected("want )")
			}
		}
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, x)
		if !c.accept(",") && !c.is(")") {
			return nil, c.unclosed("(", ")", open)
		}
	}
	return n, c.accepts(n)
}

// accepts checks the names of arguments.
func (c *compiler) accepts(n *call) error {
	if n.name == "dict" && n.self == nil {
		return nil
	}
	for _, key := range n.keys {
		if !slices.Contains(keywordArguments[n.name], key) {
			return c.errorf(n.pos, "%s() has no argument %s", n.name, shorten(key))
		}
	}
	return nil
}

func (c *compiler) generator(n *call, x node, mark int) (node, error) {
	if len(n.args) > 0 || n.keys != nil {
		return nil, c.errorf(c.peek().pos, "for stands only in the single argument of a call, in a list or in a dict")
	}
	return c.comprehended(mark, nil, x, c.peek().pos)
}

func (c *compiler) unclosed(open, close string, pos int) error {
	if c.peek().kind == end {
		return c.errorf(pos, "%s is not closed", open)
	}
	return c.unexpected("want , or " + close)
}

// subscript reads an index or a slice behind its bracket.
func (c *compiler) subscript(x node, open int) (node, error) {
	var bounds [3]node
	colons := 0
	for {
		if c.is("]") || c.is(":") {
			if c.is("]") {
				break
			}
			c.i++
			if colons++; colons > 2 {
				return nil, c.errorf(c.tokens[c.i-1].pos, "a slice has at most three parts")
			}
			continue
		}
		n, err := c.expression()
		if err != nil {
			return nil, err
		}
		if bounds[colons] = n; c.is(",") {
			return nil, c.errorf(c.peek().pos, "an index is one value: write [a][b]")
		}
		if !c.is("]") && !c.is(":") {
			return nil, c.unclosed("[", "]", open)
		}
	}
	c.i++
	switch {
	case colons > 0:
		return &slice{x, bounds[0], bounds[1], bounds[2], open}, nil
	case bounds[0] == nil:
		return nil, c.errorf(open, "the index is missing")
	}
	return &index{x, bounds[0], open}, nil
}
