package jsontext

// Bools reads an array of booleans, nested or not, and appends them to dst in
// row-major order. d receives the shape. 1 and 0 count as true and false, which
// is how some clients write them; any other element is an [*ElementError].
func (l *Lexer) Bools(dst []bool, d *Dims) ([]bool, error) {
	first := len(dst)
	if err := l.startRows(d); err != nil {
		return dst, err
	}
	for at := afterOpen; ; at = afterElement {
		more, err := l.nextRow(d, at)
		if !more || err != nil {
			return dst, err
		}
		n := len(dst)
		if dst, err = l.boolRow(dst, first, d.Fixed); err != nil {
			return dst, err
		}
		d.add(len(dst) - n)
	}
}

func (l *Lexer) boolRow(dst []bool, first int, fixed bool) ([]bool, error) {
	for {
		b, ok := l.boolElement()
		if !ok {
			return dst, l.element(len(dst)-first, "not a boolean")
		}
		if fixed && len(dst) == cap(dst) {
			return dst, ErrFull
		}
		dst = append(dst, b)
		if !l.sameRow() {
			return dst, nil
		}
	}
}

func (l *Lexer) boolElement() (b, ok bool) {
	switch l.Peek() {
	case 't':
		return true, l.word("true")
	case 'f':
		return false, l.word("false")
	case '0', '1':
		start := l.Pos
		tok, _, err := l.Number()
		if err == nil && len(tok) == 1 {
			return tok[0] == '1', true
		}
		l.Pos = start
	}
	return false, false
}
