package jsontext

// MaxDepth is how deep arrays and objects may be nested in a document.
const MaxDepth = 100

const depthMsg = "JSON nesting depth exceeds 100"

// A Lexer is a cursor over one JSON document. Set Data, and read values from
// the start; every method that reads a value skips the white space before it.
// After an error the cursor stands near the offending byte and the Lexer should
// be given up.
//
// A Lexer is a plain value: it may live on the stack, be copied to look ahead,
// and be reused. It is not safe for concurrent use. It never writes to Data, and
// byte slices it returns may point into Data.
type Lexer struct {
	Data     []byte
	Pos      int  // of the next byte to read
	AllowNaN bool // accept NaN, Infinity and -Infinity in arrays of floats

	depth int // of arrays and objects that have been started and not ended
}

// Kind tells values apart by their first byte.
type Kind uint8

// The kinds of JSON values. Invalid is anything no value starts with, and the
// end of the text.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

func (k Kind) String() string {
	return [...]string{"invalid", "null", "boolean", "number", "string", "array", "object"}[k]
}

// SkipSpace moves the cursor past white space.
func (l *Lexer) SkipSpace() {
	for l.Pos < len(l.Data) && isSpace(l.Data[l.Pos]) {
		l.Pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// Peek moves past white space and returns the byte under the cursor, or 0 at
// the end of the text.
func (l *Lexer) Peek() byte {
	if l.Pos < len(l.Data) && l.Data[l.Pos] > ' ' {
		return l.Data[l.Pos]
	}
	return l.peekSpace()
}

func (l *Lexer) peekSpace() byte {
	l.SkipSpace()
	if l.Pos < len(l.Data) {
		return l.Data[l.Pos]
	}
	return 0
}

// Kind tells what the next value is, without reading or validating it.
func (l *Lexer) Kind() Kind {
	switch c := l.Peek(); c {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '[':
		return Array
	case '{':
		return Object
	default:
		if c == '-' || '0' <= c && c <= '9' {
			return Number
		}
		return Invalid
	}
}

// Expect reads the punctuation c.
func (l *Lexer) Expect(c byte) error {
	if l.Peek() != c || l.Pos >= len(l.Data) {
		return l.expected("'" + string(rune(c)) + "'")
	}
	l.Pos++
	return nil
}

// End checks that nothing but white space is left.
func (l *Lexer) End() error {
	l.SkipSpace()
	if l.Pos < len(l.Data) {
		return l.expected("the end of the text")
	}
	return nil
}

// Literal reads word: true, false or null.
func (l *Lexer) Literal(word string) error {
	l.SkipSpace()
	if !l.has(word) {
		return l.expected(word)
	}
	l.Pos += len(word)
	return nil
}

func (l *Lexer) has(word string) bool {
	end := l.Pos + len(word)
	return end <= len(l.Data) && string(l.Data[l.Pos:end]) == word
}

// Null reads null if it is the next value, and reports whether it was.
func (l *Lexer) Null() bool {
	if l.Peek() != 'n' || !l.has("null") {
		return false
	}
	l.Pos += len("null")
	return true
}

// Bool reads true or false.
func (l *Lexer) Bool() (bool, error) {
	switch l.Peek() {
	case 't':
		return true, l.Literal("true")
	case 'f':
		return false, l.Literal("false")
	}
	return false, l.expected("true or false")
}
