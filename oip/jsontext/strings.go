package jsontext

// Strings reads an array of strings, nested or not, and appends copies of them
// to dst in row-major order. d receives the shape. An element that is not a
// string is an [*ElementError].
func (l *Lexer) Strings(dst []string, d *Dims) ([]string, error) {
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
		if dst, err = l.stringRow(dst, first); err != nil {
			return dst, err
		}
		d.add(len(dst) - n)
	}
}

func (l *Lexer) stringRow(dst []string, first int) ([]string, error) {
	for {
		if l.Peek() != '"' {
			return dst, l.element(len(dst)-first, "not a string")
		}
		s, err := l.String()
		if err != nil {
			return dst, err
		}
		dst = append(dst, s)
		if !l.sameRow() {
			return dst, nil
		}
	}
}
