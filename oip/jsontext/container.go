package jsontext

// ObjectStart reads '{'. It reports whether a member follows; if none does it
// has read '}' too. Walk an object so:
//
//	more, err := lx.ObjectStart()
//	for more {
//		key, err := lx.ReadKey(buf[:0])
//		// check err, then read the member's value with lx, or lx.Skip()
//		more, err = lx.ObjectNext()
//	}
//	// check err
func (l *Lexer) ObjectStart() (more bool, err error) {
	if l.Peek() != '{' {
		return false, l.expected("'{'")
	}
	return l.start('}')
}

// ObjectNext reads what follows a member: ',' and reports true, or '}' and
// reports false.
func (l *Lexer) ObjectNext() (more bool, err error) {
	switch l.Peek() {
	case ',':
		l.Pos++
		return true, nil
	case '}':
		l.Pos++
		l.depth--
		return false, nil
	}
	return false, l.expected("',' or '}' after object member")
}

// ArrayStart reads '['. It reports whether an element follows; if none does it
// has read ']' too. Walk an array as an object, without the keys.
func (l *Lexer) ArrayStart() (more bool, err error) {
	if l.Peek() != '[' {
		return false, l.expected("'['")
	}
	return l.start(']')
}

// ArrayNext reads what follows an element: ',' and reports true, or ']' and
// reports false.
func (l *Lexer) ArrayNext() (more bool, err error) {
	switch l.Peek() {
	case ',':
		l.Pos++
		return true, nil
	case ']':
		l.Pos++
		l.depth--
		return false, nil
	}
	return false, l.expected("',' or ']' after array element")
}

// start enters the array or object whose bracket is under the cursor, or passes
// it if it is empty.
func (l *Lexer) start(closing byte) (more bool, err error) {
	if l.depth >= MaxDepth {
		return false, l.errorAt(depthMsg)
	}
	l.Pos++
	if l.Peek() == closing {
		l.Pos++
		return false, nil
	}
	l.depth++
	return true, nil
}
