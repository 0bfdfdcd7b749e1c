package jsontext

// Dims says how the elements of an array lay in it. The readers of arrays fill
// it; a reused one costs no allocation. The zero value is ready.
type Dims struct {
	// Shape is the length of the array at each level of nesting, outermost
	// first; empty if Ragged. [[1,2,3],[4,5,6]] has shape 2, 3.
	Shape []int
	// Ragged tells that arrays of one level differ in length, or that elements
	// lie at different levels.
	Ragged bool
	// Null tells that a null was read as NaN.
	Null bool
	// Bare tells that NaN or an infinity was read, which JSON does not have.
	Bare bool

	// Fixed has readers append no more than dst has room for, and fail with [ErrFull] where
	// the array has more. It stays as it is set.
	Fixed bool

	count    []int // what each open array has held so far, outermost first
	elements bool  // an element has been seen
}

func (d *Dims) reset() {
	d.Shape, d.count = d.Shape[:0], d.count[:0]
	d.Ragged, d.Null, d.Bare, d.elements = false, false, false, false
}

// unknown is the length in Shape of a level of which no array has ended yet.
const unknown = -1

// open notes that an array starts.
func (d *Dims) open() {
	if n := len(d.count); n > 0 {
		d.count[n-1]++
	}
	d.count = append(d.count, 0)
	if len(d.count) > len(d.Shape) {
		d.Ragged = d.Ragged || d.elements
		d.Shape = append(d.Shape, unknown)
	}
}

// add notes n elements of the innermost array, not none.
func (d *Dims) add(n int) {
	level := len(d.count) - 1
	d.count[level] += n
	d.elements = true
	d.Ragged = d.Ragged || level != len(d.Shape)-1
}

// close notes that the innermost array ends, and tells whether it was the
// outermost.
func (d *Dims) close() (outermost bool) {
	level := len(d.count) - 1
	switch n := d.count[level]; d.Shape[level] {
	case unknown:
		d.Shape[level] = n
	case n:
	default:
		d.Ragged = true
	}
	d.count = d.count[:level]
	if level == 0 && d.Ragged {
		d.Shape = d.Shape[:0]
	}
	return level == 0
}

// arrayPlace is where in nested arrays the cursor stands.
type arrayPlace uint8

const (
	afterOpen    arrayPlace = iota // after '['
	afterComma                     // after ','
	afterElement                   // after an element or a ']'
)

// startRows reads the outermost '['.
func (l *Lexer) startRows(d *Dims) error {
	if l.Peek() != '[' {
		return l.expected("'['")
	}
	d.reset()
	return l.openRow(d)
}

func (l *Lexer) openRow(d *Dims) error {
	if l.depth+len(d.count) >= MaxDepth {
		return l.errorAt(depthMsg)
	}
	d.open()
	l.Pos++
	return nil
}

// nextRow reads brackets and commas up to the next element. It reports false
// when it has read the outermost ']' instead.
func (l *Lexer) nextRow(d *Dims, at arrayPlace) (more bool, err error) {
	for {
		switch c := l.Peek(); {
		case c == '[' && at != afterElement:
			if err := l.openRow(d); err != nil {
				return false, err
			}
			at = afterOpen
		case c == ']' && at != afterComma:
			l.Pos++
			if d.close() {
				return false, nil
			}
			at = afterElement
		case c == ',' && at == afterElement:
			l.Pos++
			at = afterComma
		case at == afterElement:
			return false, l.expected("',' or ']' after array element")
		default:
			return true, nil
		}
	}
}

// sameRow reads the comma between two elements of a row. It reports false, and
// leaves the cursor where it was, if anything but an element follows.
func (l *Lexer) sameRow() bool {
	if l.Peek() != ',' {
		return false
	}
	comma := l.Pos
	l.Pos++
	if l.Peek() == '[' {
		l.Pos = comma
		return false
	}
	return true
}

// nextNumber returns where the next element of a row of numbers starts, if the
// one that ends before data[i] is followed by a comma, perhaps a space, and
// what can start a number; and 0 if it takes sameRow to tell.
func nextNumber(data []byte, i int) int {
	if i+2 >= len(data) || data[i] != ',' {
		return 0
	}
	i++
	if data[i] == ' ' {
		i++
	}
	if data[i]-'-' > '9'-'-' {
		return 0
	}
	return i
}

// CountElements reads an array and returns how many elements it has at all levels of
// nesting together, which are values of any kind but arrays.
func (l *Lexer) CountElements() (n int, err error) {
	d := new(Dims)
	if err := l.startRows(d); err != nil {
		return 0, err
	}
	for at := afterOpen; ; at = afterElement {
		more, err := l.nextRow(d, at)
		if !more || err != nil {
			return n, err
		}
		if err := l.Skip(); err != nil {
			return n, err
		}
		d.add(1)
		n++
	}
}
