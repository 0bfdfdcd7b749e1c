package jsontext

// Number reads a number and returns its text as a part of Data. isInt tells
// that it has neither a fraction nor an exponent.
func (l *Lexer) Number() (tok []byte, isInt bool, err error) {
	l.SkipSpace()
	start := l.Pos
	end, isInt, missing := scanNumber(l.Data, start)
	l.Pos = end
	if missing != "" {
		return nil, false, l.expected(missing)
	}
	return l.Data[start:end:end], isInt, nil
}

// scanNumber finds the end of the number that starts at data[i]. If it is not
// one, end is where something is missing, and missing says what.
func scanNumber(data []byte, i int) (end int, isInt bool, missing string) {
	missing = "a value"
	if at(data, i, '-') {
		i++
		missing = "a digit after '-'"
	}
	whole := i
	i = skipDigits(data, i)
	if i == whole {
		return i, false, missing
	}
	if data[whole] == '0' {
		i = whole + 1
	}
	isInt = true
	if at(data, i, '.') {
		isInt = false
		point := i
		if i = skipDigits(data, i+1); i == point+1 {
			return i, false, "a digit after '.'"
		}
	}
	if at(data, i, 'e') || at(data, i, 'E') {
		return scanExponent(data, i+1)
	}
	return i, isInt, ""
}

// scanExponent is scanNumber behind the e.
func scanExponent(data []byte, i int) (end int, isInt bool, missing string) {
	if at(data, i, '+') || at(data, i, '-') {
		i++
	}
	if end = skipDigits(data, i); end == i {
		missing = "a digit in the exponent"
	}
	return end, false, missing
}

func at(data []byte, i int, c byte) bool { return i < len(data) && data[i] == c }

func skipDigits(data []byte, i int) int {
	for i < len(data) && data[i]-'0' <= 9 {
		i++
	}
	return i
}
