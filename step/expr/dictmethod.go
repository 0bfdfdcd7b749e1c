package expr

func (a *args) dict(least, most int) (membership, error) {
	m, ok := members(a.self)
	if !ok {
		return nil, noMethod(a)
	}
	return m, a.between(least, most)
}

func get(r *run, a *args) (any, error) {
	m, err := a.dict(1, 2)
	if err != nil {
		return nil, err
	}
	if _, err := hashed(a.list[0]); err != nil {
		return nil, err
	}
	if v, ok := m.member(a.list[0]); ok {
		return v, r.search(m.size())
	}
	if len(a.list) == 2 {
		return a.list[1], r.search(m.size())
	}
	return nil, r.search(m.size())
}

func keys(r *run, a *args) (any, error) {
	if _, err := a.dict(0, 0); err != nil {
		return nil, err
	}
	return r.elements(a.self)
}

func values(r *run, a *args) (any, error) {
	m, err := a.dict(0, 0)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, min(m.size(), budget/element))
	for _, v := range m.pairs() {
		out = append(out, v)
	}
	return out, r.spend(element * len(out))
}

func items(r *run, a *args) (any, error) {
	m, err := a.dict(0, 0)
	if err != nil {
		return nil, err
	}
	if err := r.spend(4 * element * m.size()); err != nil {
		return nil, err
	}
	out := make([]any, 0, m.size())
	for k, v := range m.pairs() {
		out = append(out, tuple{k, v})
	}
	return out, nil
}
