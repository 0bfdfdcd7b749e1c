package xgboost

import "fmt"

// maxNesting is how deep values that are passed over may be nested.
const maxNesting = 64

// ubjDocument reads Universal Binary JSON (draft 12) as XGBoost writes it:
// numbers are big-endian, arrays may say their length ("[#") and the type of
// all elements ("[$"), objects say neither. Every length is checked against
// what is left of the file before anything is done with it.
type ubjDocument struct {
	data []byte
	at   int
	nest int
}

func (d *ubjDocument) fail(format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", d.at, fmt.Sprintf(format, args...))
}

// take passes over the next n bytes.
func (d *ubjDocument) take(n int) ([]byte, error) {
	if n > len(d.data)-d.at {
		return nil, d.fail("the file ends %d bytes too early", n-(len(d.data)-d.at))
	}
	d.at += n
	return d.data[d.at-n : d.at], nil
}

func (d *ubjDocument) marker() (byte, error) {
	b, err := d.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// next looks at a marker without passing over it; 0 at the end of the file.
func (d *ubjDocument) next() byte {
	if d.at == len(d.data) {
		return 0
	}
	return d.data[d.at]
}

func (d *ubjDocument) expect(marker byte, kind string) error {
	if got := d.next(); got != marker {
		return d.fail("found %q where %s belongs", got, kind)
	}
	d.at++
	return nil
}

// length reads an integer that counts something of which each takes at least
// size bytes.
func (d *ubjDocument) length(size int) (int, error) {
	marker, err := d.marker()
	if err != nil {
		return 0, err
	}
	n, err := d.integer(marker)
	if err != nil {
		return 0, fmt.Errorf("a length: %w", err)
	}
	if left := (len(d.data) - d.at) / size; n < 0 || n > int64(left) {
		return 0, d.fail("a length of %d, but at most %d fit in the rest of the file", n, left)
	}
	return int(n), nil
}

func (d *ubjDocument) string() ([]byte, error) {
	n, err := d.length(1)
	if err != nil {
		return nil, err
	}
	return d.take(n)
}

func (d *ubjDocument) text() (string, error) {
	if err := d.expect('S', "a string"); err != nil {
		return "", err
	}
	s, err := d.string()
	return string(s), err
}

func (d *ubjDocument) enter() error {
	if d.nest++; d.nest > maxNesting {
		return d.fail("nested deeper than %d levels", maxNesting)
	}
	return nil
}

func (d *ubjDocument) object(member func(key []byte) error) error {
	if err := d.expect('{', "an object"); err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	defer func() { d.nest-- }()
	for d.next() != '}' {
		key, err := d.string()
		if err != nil {
			return fmt.Errorf("a key: %w", err)
		}
		if err := member(key); err != nil {
			return err
		}
	}
	d.at++
	return nil
}

// A list is the head of an array: of count elements (-1: up to its end marker),
// all of one type (0: each has a marker).
type list struct {
	count int
	typ   byte
}

func (d *ubjDocument) list() (list, error) {
	l := list{count: -1}
	if err := d.expect('[', "an array"); err != nil {
		return l, err
	}
	size := 1
	if d.next() == '$' {
		d.at++
		var err error
		if l.typ, err = d.marker(); err != nil {
			return l, err
		}
		var ok bool
		if size, ok = ubjSize(l.typ); !ok {
			return l, d.fail("an array of type %q cannot be read", l.typ)
		}
		if d.next() != '#' {
			return l, d.fail("an array has a type but no length")
		}
	}
	if d.next() == '#' {
		d.at++
		var err error
		if l.count, err = d.length(size); err != nil {
			return l, err
		}
	}
	return l, nil
}

// each calls element for each element of a list without a type.
func (d *ubjDocument) each(l list, element func() error) error {
	if l.typ != 0 {
		return d.fail("an array of type %q where one of other values belongs", l.typ)
	}
	if err := d.enter(); err != nil {
		return err
	}
	defer func() { d.nest-- }()
	for i := 0; i < l.count; i++ {
		if err := element(); err != nil {
			return err
		}
	}
	if l.count >= 0 {
		return nil
	}
	for d.next() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	d.at++
	return nil
}

func (d *ubjDocument) array(element func() error) error {
	l, err := d.list()
	if err != nil {
		return err
	}
	return d.each(l, element)
}

func (d *ubjDocument) skip() error {
	marker := d.next()
	switch marker {
	case '{':
		return d.object(func([]byte) error { return d.skip() })
	case '[':
		return d.skipArray()
	}
	if _, err := d.marker(); err != nil {
		return err
	}
	switch marker {
	case 'Z', 'T', 'F':
		return nil
	case 'S', 'H':
		_, err := d.string()
		return err
	}
	size, ok := ubjSize(marker)
	if !ok {
		d.at--
		return d.fail("%q is no marker of a value", marker)
	}
	_, err := d.take(size)
	return err
}

func (d *ubjDocument) skipArray() error {
	l, err := d.list()
	if err != nil {
		return err
	}
	if l.typ == 0 {
		return d.each(l, d.skip)
	}
	size, _ := ubjSize(l.typ)
	_, err = d.take(size * l.count)
	return err
}

func (d *ubjDocument) end() error {
	if d.at < len(d.data) {
		return d.fail("%d bytes follow the end of the document", len(d.data)-d.at)
	}
	return nil
}
