package floor

import (
	"bytes"
	"errors"
	"fmt"
)

// tensor is the one FP32 input of a request. Its slices are reused.
type tensor struct {
	shape []int64
	data  []float32 // row-major
}

// parse reads the request in body into t.
func (t *tensor) parse(body []byte) error {
	t.shape, t.data = t.shape[:0], t.data[:0]
	s := scanner{buf: body}
	if err := s.request(t); err != nil {
		return fmt.Errorf("parse request at byte %d: %w", s.pos, err)
	}
	return t.checkShape()
}

// manyValues is more than a body of any size that is taken can hold.
const manyValues = 1 << 31

// checkShape says whether the product of the shape is the number of values.
func (t *tensor) checkShape() error {
	n := int64(1)
	for _, d := range t.shape {
		n = min(n*d, manyValues) // both at most 2^31
	}
	if n != int64(len(t.data)) {
		return fmt.Errorf("shape %v does not hold %d values", t.shape, len(t.data))
	}
	return nil
}

var (
	errSyntax   = errors.New("unexpected character or end")
	errOneInput = errors.New("exactly one input is expected")
	errFP32     = errors.New("datatype is not FP32")
)

// scanner walks over JSON text. It keeps no stack: what it skips is counted.
type scanner struct {
	buf []byte
	pos int
}

// peek moves over white space and returns the byte there, or 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.buf) {
		c := s.buf[s.pos]
		if c > ' ' {
			return c
		}
		s.pos++
	}
	return 0
}

func (s *scanner) expect(c byte) error {
	if s.peek() != c {
		return errSyntax
	}
	s.pos++
	return nil
}

// member moves to the next member of an object, behind its colon, and returns
// its key, or nil behind the closing brace.
func (s *scanner) member(first bool) ([]byte, error) {
	c := s.peek()
	if c == '}' {
		s.pos++
		return nil, nil
	}
	if !first {
		if c != ',' {
			return nil, errSyntax
		}
		s.pos++
	}
	key, err := s.text()
	if err != nil {
		return nil, err
	}
	return key, s.expect(':')
}

// text returns the inside of a string as it is written.
func (s *scanner) text() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.pos
	for s.pos < len(s.buf) {
		switch s.buf[s.pos] {
		case '\\':
			s.pos++
		case '"':
			s.pos++
			return s.buf[start : s.pos-1 : s.pos-1], nil
		}
		s.pos++
	}
	return nil, errSyntax
}

func (s *scanner) request(t *tensor) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	seen := false
	for first := true; ; first = false {
		key, err := s.member(first)
		switch {
		case err != nil:
			return err
		case key == nil && !seen:
			return errOneInput
		case key == nil && s.peek() != 0:
			return errSyntax
		case key == nil:
			return nil
		case string(key) != "inputs":
			err = s.skip()
		case seen:
			err = errOneInput
		default:
			seen = true
			err = s.inputs(t)
		}
		if err != nil {
			return err
		}
	}
}

func (s *scanner) inputs(t *tensor) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		return errOneInput
	}
	if err := s.input(t); err != nil {
		return err
	}
	if s.peek() == ',' {
		return errOneInput
	}
	return s.expect(']')
}

func (s *scanner) input(t *tensor) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		key, err := s.member(first)
		if key == nil || err != nil {
			return err
		}
		switch string(key) {
		case "datatype":
			err = s.datatype()
		case "shape":
			err = s.dims(t)
		case "data":
			err = s.values(t)
		default:
			err = s.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (s *scanner) datatype() error {
	name, err := s.text()
	if err == nil && !bytes.Equal(name, []byte("FP32")) {
		err = errFP32
	}
	return err
}

func (s *scanner) dims(t *tensor) error {
	if err := s.expect('['); err != nil {
		return err
	}
	t.shape = t.shape[:0]
	for {
		switch c := s.peek(); {
		case c == ']':
			s.pos++
			return nil
		case c == ',':
			s.pos++
		case c-'0' <= 9:
			t.shape = append(t.shape, s.dim())
		default:
			return errSyntax
		}
	}
}

// dim reads digits; a dimension that no body can fill becomes manyValues.
func (s *scanner) dim() int64 {
	n := int64(0)
	for ; s.pos < len(s.buf) && s.buf[s.pos]-'0' <= 9; s.pos++ {
		n = min(n*10+int64(s.buf[s.pos]-'0'), manyValues)
	}
	return n
}

// values reads data, flat or nested.
func (s *scanner) values(t *tensor) error {
	if s.peek() != '[' {
		return errSyntax
	}
	t.data = t.data[:0]
	for depth := 0; ; {
		switch c := s.peek(); {
		case c-'0' <= 9 || c == '-':
			v, end, err := parseNumber(s.buf, s.pos)
			s.pos = end
			if err != nil {
				return err
			}
			t.data = append(t.data, v)
			continue
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c != ',':
			return errSyntax
		}
		s.pos++
		if depth == 0 {
			return nil
		}
	}
}

// skip moves over one value of any kind.
func (s *scanner) skip() error {
	for depth := 0; ; {
		switch c := s.peek(); c {
		case 0:
			return errSyntax
		case '"':
			if _, err := s.text(); err != nil {
				return err
			}
		case '[', '{':
			depth++
			s.pos++
		case ']', '}':
			depth--
			s.pos++
		case ',', ':':
			if depth == 0 {
				return errSyntax
			}
			s.pos++
		default:
			s.word()
		}
		if depth <= 0 {
			return nil
		}
	}
}

// word moves over a number, true, false or null.
func (s *scanner) word() {
	for ; s.pos < len(s.buf); s.pos++ {
		switch s.buf[s.pos] {
		case ',', ':', ']', '}', '[', '{', '"', ' ', '\n', '\t', '\r':
			return
		}
	}
}
