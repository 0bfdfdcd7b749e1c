package jsontext

// Skip reads one value of any kind and checks that it is valid JSON.
func (l *Lexer) Skip() error {
	var open nesting
	for {
		entered, err := l.skipStart(&open)
		if err != nil {
			return err
		}
		if entered {
			continue
		}
		if done, err := l.skipNext(&open); done || err != nil {
			return err
		}
	}
}

// SkipValue is [Lexer.Skip] that also tells where the value lies:
// Data[start:end] is its text without white space around it.
func (l *Lexer) SkipValue() (start, end int, err error) {
	l.SkipSpace()
	start = l.Pos
	err = l.Skip()
	return start, l.Pos, err
}

// nesting is a stack of the containers Skip is inside of, a bit for each: 1 for
// an object, 0 for an array. It holds MaxDepth of them.
type nesting struct {
	object [2]uint64
	n      int
}

func (s *nesting) push(object bool) {
	bit := uint64(1) << (s.n % 64)
	if object {
		s.object[s.n/64] |= bit
	} else {
		s.object[s.n/64] &^= bit
	}
	s.n++
}

func (s *nesting) inObject() bool {
	return s.object[(s.n-1)/64]>>((s.n-1)%64)&1 != 0
}

// skipStart reads a scalar or an empty container, or enters a container and
// reads up to its first value.
func (l *Lexer) skipStart(open *nesting) (entered bool, err error) {
	switch l.Peek() {
	case '{':
		if entered, err = l.ObjectStart(); !entered {
			return false, err
		}
		open.push(true)
		return true, l.skipKey()
	case '[':
		if entered, err = l.ArrayStart(); entered {
			open.push(false)
		}
		return entered, err
	}
	return false, l.skipScalar()
}

// skipNext reads what follows a value: up to the next value of the innermost
// container that has one, or to the end of the outermost.
func (l *Lexer) skipNext(open *nesting) (done bool, err error) {
	for open.n > 0 {
		more := false
		if open.inObject() {
			if more, err = l.ObjectNext(); more {
				err = l.skipKey()
			}
		} else {
			more, err = l.ArrayNext()
		}
		if more || err != nil {
			return false, err
		}
		open.n--
	}
	return true, nil
}

func (l *Lexer) skipScalar() error {
	switch l.Peek() {
	case '"':
		_, err := l.scanString()
		return err
	case 't':
		return l.Literal("true")
	case 'f':
		return l.Literal("false")
	case 'n':
		return l.Literal("null")
	}
	_, _, err := l.Number()
	return err
}

func (l *Lexer) skipKey() error {
	if l.Peek() != '"' {
		return l.expected("a key in quotes")
	}
	if _, err := l.scanString(); err != nil {
		return err
	}
	return l.colon()
}

// colon reads the ':' between a key and its value.
func (l *Lexer) colon() error {
	if l.Peek() != ':' {
		return l.expected("':' after object key")
	}
	l.Pos++
	return nil
}
