package expr

import "fmt"

// Limits of an expression's text.
const (
	maxText  = 16 << 10
	maxDepth = 100 // of parentheses, signs and choices within each other
)

// A compiler turns the text of one expression into nodes.
type compiler struct {
	text   string
	tokens []token
	i      int
	depth  int
	names  []string    // of the program's variables, by slot
	refs   []*variable // every name read, in order
	slots  int         // variables so far, those of comprehensions included
}

func (c *compiler) errorf(pos int, format string, args ...any) error {
	p := program{text: c.text}
	return &SyntaxError{Text: c.text, Column: p.column(pos), Msg: fmt.Sprintf(format, args...)}
}

func (c *compiler) peek() token { return c.tokens[c.i] }

func (c *compiler) next() token {
	t := c.tokens[c.i]
	if t.kind != end {
		c.i++
	}
	return t
}

// is says whether the next token is that operator or keyword.
func (c *compiler) is(word string) bool {
	t := c.tokens[c.i]
	return t.text == word && (t.kind == operand || t.kind == name)
}

// accept passes the operator or keyword if it is next.
func (c *compiler) accept(word string) bool {
	if c.is(word) {
		c.i++
		return true
	}
	return false
}

func (c *compiler) expect(word, where string) error {
	if c.accept(word) {
		return nil
	}
	return c.unexpected(fmt.Sprintf("want %s %s", word, where))
}

// unexpected reports the next token.
func (c *compiler) unexpected(want string) error {
	t := c.peek()
	if t.kind == end {
		return c.errorf(t.pos, "the expression ends too early: %s", want)
	}
	return c.errorf(t.pos, "%s, not %s", want, shorten(t.text))
}

// whole reads tokens that are one expression and nothing else.
func (c *compiler) whole() (node, error) {
	n, err := c.list("")
	if err != nil {
		return nil, err
	}
	if t := c.peek(); t.kind != end {
		return nil, c.trailing(t)
	}
	return n, nil
}

// trailing says what is wrong with a token behind a complete expression.
func (c *compiler) trailing(t token) error {
	switch t.text {
	case "=", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**=", "//=", ">>=", "<<=":
		return c.errorf(t.pos, "an expression assigns nothing: compare with ==")
	case ";":
		return c.errorf(t.pos, "there is one expression, without statements")
	case ")", "]", "}":
		return c.errorf(t.pos, "%s closes nothing", t.text)
	case "@":
		return c.errorf(t.pos, "the operator @ is not supported")
	}
	return c.errorf(t.pos, "an operator is missing before %s", shorten(t.text))
}

// deeper guards the recursion of the parser.
func (c *compiler) deeper() error {
	if c.depth++; c.depth > maxDepth {
		return c.errorf(c.peek().pos, "the expression is nested more than %d levels deep", maxDepth)
	}
	return nil
}

// expression reads "a if b else c", or less.
func (c *compiler) expression() (node, error) {
	if err := c.deeper(); err != nil {
		return nil, err
	}
	defer func() { c.depth-- }()
	if c.is("lambda") {
		return nil, c.errorf(c.peek().pos, "lambda is not supported")
	}
	yes, err := c.disjunction()
	if err != nil || !c.accept("if") {
		return yes, err
	}
	cond, err := c.disjunction()
	if err != nil {
		return nil, err
	}
	if err := c.expect("else", "of the if"); err != nil {
		return nil, err
	}
	no, err := c.expression()
	return &choice{cond, yes, no}, err
}

func (c *compiler) disjunction() (node, error) { return c.junction("or", c.conjunction) }

func (c *compiler) conjunction() (node, error) { return c.junction("and", c.inversion) }

func (c *compiler) junction(word string, operand func() (node, error)) (node, error) {
	first, err := operand()
	if err != nil || !c.is(word) {
		return first, err
	}
	list := []node{first}
	for c.accept(word) {
		x, err := operand()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return &junction{or: word == "or", list: list}, nil
}

func (c *compiler) inversion() (node, error) {
	if !c.accept("not") {
		return c.comparison()
	}
	if err := c.deeper(); err != nil {
		return nil, err
	}
	defer func() { c.depth-- }()
	x, err := c.inversion()
	return not{x}, err
}

func (c *compiler) comparison() (node, error) {
	first, err := c.arithmetic(0)
	if err != nil {
		return nil, err
	}
	var rest []comparand
	for {
		pos := c.peek().pos
		op, ok, err := c.relation()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		x, err := c.arithmetic(0)
		if err != nil {
			return nil, err
		}
		if op == is || op == isNot {
			if k, ok := x.(constant); !ok || !singleton(k.v) {
				return nil, c.errorf(pos, "is compares with None, True or False only: use == for values")
			}
		}
		rest = append(rest, comparand{op, x, pos})
	}
	if rest == nil {
		return first, nil
	}
	return &compare{first, rest}, nil
}

func singleton(v any) bool {
	_, ok := v.(bool)
	return ok || v == nil
}

// relation reads a comparison operator if one is next.
func (c *compiler) relation() (op relation, ok bool, err error) {
	t := c.peek()
	switch {
	case t.kind == name && t.text == "not":
		c.i++
		return notIn, true, c.expect("in", "behind not")
	case t.kind == name && t.text == "is":
		c.i++
		if c.accept("not") {
			return isNot, true, nil
		}
		return is, true, nil
	case t.kind == operand || t.text == "in":
		if op, ok = relations[t.text]; ok {
			c.i++
		}
	}
	return op, ok, nil
}

// levels are the binary operators, the weakest first.
var levels = [...]map[string]operator{
	{"|": bitOr}, {"^": bitXor}, {"&": bitAnd}, {"<<": shiftLeft, ">>": shiftRight},
	{"+": add, "-": subtract}, {"*": multiply, "/": divide, "//": floorDivide, "%": modulo},
}

func (c *compiler) arithmetic(level int) (node, error) {
	if level == len(levels) {
		return c.signed()
	}
	left, err := c.arithmetic(level + 1)
	for err == nil {
		t := c.peek()
		op, ok := levels[level][t.text]
		if !ok || t.kind != operand {
			return left, nil
		}
		c.i++
		var right node
		if right, err = c.arithmetic(level + 1); err == nil {
			left = &binary{op, left, right, t.pos}
		}
	}
	return nil, err
}

func (c *compiler) signed() (node, error) {
	t := c.peek()
	if t.kind != operand || t.text != "-" && t.text != "+" && t.text != "~" {
		return c.power()
	}
	c.i++
	if err := c.deeper(); err != nil {
		return nil, err
	}
	defer func() { c.depth-- }()
	x, err := c.signed()
	if err != nil {
		return nil, err
	}
	if k, ok := x.(constant); ok && t.text == "-" {
		if v, err := negate('-', k.v); err == nil {
			return constant{v}, nil
		}
	}
	return &unary{t.text[0], x, t.pos}, nil
}

func (c *compiler) power() (node, error) {
	base, err := c.primary()
	if err != nil {
		return nil, err
	}
	pos := c.peek().pos
	if !c.accept("**") {
		return base, nil
	}
	exponent, err := c.signed()
	return &binary{power, base, exponent, pos}, err
}
