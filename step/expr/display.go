package expr

// entry is one part of a list, tuple or dict that is written out.
type entry struct {
	key    node // of a dict; nil for a spread
	x      node
	spread bool // *x or **x
	pos    int
}

// sequence is [a, *b, c], or a tuple.
type sequence struct {
	list  []entry
	tuple bool
}

func (n *sequence) eval(r *run) (any, error) {
	if err := r.spend(element * (1 + len(n.list))); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(n.list))
	for i := range n.list {
		e := &n.list[i]
		v, err := e.x.eval(r)
		if err != nil {
			return nil, err
		}
		if !e.spread {
			out = append(out, v)
			continue
		}
		more, err := r.elements(v)
		if err != nil {
			if f, ok := err.(*failure); ok && f.class == "TypeError" { //nolint:errorlint // ours, never wrapped
				f.text = "Value after * must be an iterable, not " + typeName(v)
			}
			return nil, placed(e.pos, err)
		}
		out = append(out, more...)
	}
	if n.tuple {
		return tuple(out), nil
	}
	return out, nil
}

// mapping is {k: v, **d}.
type mapping struct{ list []entry }

func (n *mapping) eval(r *run) (any, error) {
	d := &dict{}
	for i := range n.list {
		e := &n.list[i]
		if err := n.add(r, d, e); err != nil {
			return nil, placed(e.pos, err)
		}
	}
	return d, nil
}

func (n *mapping) add(r *run, d *dict, e *entry) error {
	if e.spread {
		v, err := e.x.eval(r)
		if err != nil {
			return err
		}
		m, ok := members(v)
		if !ok {
			return typeError("'%s' object is not a mapping", typeName(v))
		}
		return d.update(r, m)
	}
	k, err := e.key.eval(r)
	if err != nil {
		return err
	}
	v, err := e.x.eval(r)
	if err != nil {
		return err
	}
	return d.set(r, k, v)
}

// comprehension is [x for … in …], a generator that is the only argument of a
// function, or {k: x for … in …}. Its cost is what it goes through and builds.
type comprehension struct {
	key, x  node // key of a dict, else nil
	clauses []clause
	pos     int
}

// clause is "for targets in x if cond …".
type clause struct {
	targets []int // slots
	unpack  bool  // several targets, or one with a comma
	x       node
	conds   []node
	pos     int
	outer   int // while it is compiled: the number of names up to the end of x
}

func (n *comprehension) eval(r *run) (any, error) {
	if n.key == nil {
		out := []any{}
		err := n.walk(r, 0, func() error {
			v, err := n.x.eval(r)
			if err != nil {
				return err
			}
			out = append(out, v)
			return r.spend(element)
		})
		return at(n.pos, out, err)
	}
	d := &dict{}
	err := n.walk(r, 0, func() error {
		k, err := n.key.eval(r)
		if err != nil {
			return err
		}
		v, err := n.x.eval(r)
		if err != nil {
			return err
		}
		return d.set(r, k, v)
	})
	return at(n.pos, d, err)
}

// walk runs body for every element that clause i and those behind it let
// through.
func (n *comprehension) walk(r *run, i int, body func() error) error {
	if i == len(n.clauses) {
		return body()
	}
	c := &n.clauses[i]
	x, err := c.x.eval(r)
	if err != nil {
		return err
	}
	list, err := r.elements(x)
	if err != nil {
		return placed(c.pos, err)
	}
	for _, v := range list {
		if err := r.spend(element); err != nil {
			return err
		}
		ok, err := c.take(r, v)
		if err != nil {
			return placed(c.pos, err)
		}
		if !ok {
			continue
		}
		if err := n.walk(r, i+1, body); err != nil {
			return err
		}
	}
	return nil
}

// take gives the targets their values and says whether the conditions hold.
func (c *clause) take(r *run, v any) (bool, error) {
	if !c.unpack {
		r.vars[c.targets[0]] = v
	} else if err := c.scatter(r, v); err != nil {
		return false, err
	}
	for _, cond := range c.conds {
		ok, err := cond.eval(r)
		if err != nil || !truth(ok) {
			return false, err
		}
	}
	return true, nil
}

func (c *clause) scatter(r *run, v any) error {
	parts, err := r.elements(v)
	if err != nil {
		if f, ok := err.(*failure); ok && f.class == "TypeError" { //nolint:errorlint // ours, never wrapped
			f.text = "cannot unpack non-iterable " + typeName(v) + " object"
		}
		return err
	}
	if len(parts) > len(c.targets) {
		return valueError("too many values to unpack (expected %d)", len(c.targets))
	}
	if len(parts) < len(c.targets) {
		return valueError("not enough values to unpack (expected %d, got %d)", len(c.targets), len(parts))
	}
	for i, p := range parts {
		r.vars[c.targets[i]] = p
	}
	return nil
}
