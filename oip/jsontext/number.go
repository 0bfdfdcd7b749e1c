package jsontext

// Number reads a number and returns its text as a part of Data. isInt tells
// that it has neither a fraction nor an exponent.
func (l *Lexer) Number() (tok []byte, isInt bool, err error) {
	l.SkipSpace()
	start := l.Pos
	if l.at('-') {
		l.Pos++
	}
	if l.at('0') {
		l.Pos++
	} else if l.digits() == 0 {
		if l.Pos > start {
			return nil, false, l.expected("a digit after '-'")
		}
		return nil, false, l.expected("a value")
	}
	isInt = true
	if l.at('.') {
		l.Pos++
		isInt = false
		if l.digits() == 0 {
			return nil, false, l.expected("a digit after '.'")
		}
	}
	if l.at('e') || l.at('E') {
		l.Pos++
		isInt = false
		if l.at('+') || l.at('-') {
			l.Pos++
		}
		if l.digits() == 0 {
			return nil, false, l.expected("a digit in the exponent")
		}
	}
	return l.Data[start:l.Pos:l.Pos], isInt, nil
}

func (l *Lexer) at(c byte) bool { return l.Pos < len(l.Data) && l.Data[l.Pos] == c }

// digits moves past decimal digits and returns how many there were.
func (l *Lexer) digits() int {
	start := l.Pos
	for l.Pos < len(l.Data) && l.Data[l.Pos]-'0' <= 9 {
		l.Pos++
	}
	return l.Pos - start
}
