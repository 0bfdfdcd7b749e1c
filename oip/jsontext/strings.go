package jsontext

// Strings reads an array of strings, nested or not, and appends them to dst in
// row-major order. d receives the shape. An element that is not a string is an
// [*ElementError]. The strings do not point into Data, but those without escapes
// share one copy of the array's text, so that keeping one keeps all.
func (l *Lexer) Strings(dst []string, d *Dims) ([]string, error) {
	first := len(dst)
	look := *l
	if err := l.startRows(d); err != nil {
		return dst, err
	}
	start, end, err := look.SkipValue()
	if err != nil {
		return dst, err
	}
	text := sharedText{start: start, copy: string(l.Data[start:end])}
	for at := afterOpen; ; at = afterElement {
		more, err := l.nextRow(d, at)
		if !more || err != nil {
			return dst, err
		}
		n := len(dst)
		if dst, err = l.stringRow(dst, first, text, d.Fixed); err != nil {
			return dst, err
		}
		d.add(len(dst) - n)
	}
}

// sharedText is a copy of a part of Lexer.Data from start on.
type sharedText struct {
	start int
	copy  string
}

func (l *Lexer) stringRow(dst []string, first int, text sharedText, fixed bool) ([]string, error) {
	for {
		if l.Peek() != '"' {
			return dst, l.element(len(dst)-first, "not a string")
		}
		if fixed && len(dst) == cap(dst) {
			return dst, ErrFull
		}
		begin := l.Pos + 1
		escaped, err := l.scanString()
		if err != nil {
			return dst, err
		}
		if end := l.Pos - 1; escaped {
			dst = append(dst, string(appendUnescaped(nil, l.Data[begin:end])))
		} else {
			dst = append(dst, text.copy[begin-text.start:end-text.start])
		}
		if !l.sameRow() {
			return dst, nil
		}
	}
}
