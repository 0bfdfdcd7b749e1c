package oip

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// values reads a document into the types of serve/value.go.
var values = &serve.Decoder{Decode: func(raw []byte) (any, error) { return ParseValue(raw) }}

// Value is what a body holds as a tree of Go values (serve/value.go): read once
// from bytes, or the value that it was made of. An empty body is nil.
func Value(b serve.Body) (any, error) {
	if v, ok := b.Value(); ok {
		switch r := v.(type) {
		case *serve.Response:
			if whole := r.Whole(); whole != nil {
				return ParseValue(whole)
			}
			return responseObject(r), nil
		case *serve.Request:
			return requestDocument(r)
		}
		return v, nil
	}
	if b.Empty() {
		return nil, nil
	}
	return b.View(values)
}

// ParseValue reads one JSON document. The result shares raw.
func ParseValue(raw []byte) (any, error) { return parseValue(raw, 0) }

func parseValue(raw []byte, most int) (any, error) {
	r := reader{lx: jsontext.Lexer{Data: raw}, most: most}
	defer r.release()
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	return v, r.lx.End()
}

// A reader reads one document. It lives on the stack of whoever reads, where
// nothing of it has to be collected; only its scratch is reused.
type reader struct {
	lx jsontext.Lexer
	in inputTensor

	tried int // enclosing arrays that were read in vain as a tensor
	lists *scratch

	behind   *blobs              // the elements behind the document; nil where there are none
	names    map[string]struct{} // of the inputs so far, when they are many
	held     int                 // bytes that values take, about
	most     int                 // that they may take; 0 is maxValues
	presized bool                // a list for an array of numbers was made as large as it may have to be
	params   int                 // parameters so far
	spare    *serve.Tensor       // for items that are not kept
	answer   bool                // the document is an answer, of which less is asked than of a request
}

// noun is what a tensor of the document is.
func (r *reader) noun() string {
	if r.answer {
		return "output"
	}
	return "input"
}

// scratch are lists that reading an array fills. They hold no pointers.
type scratch struct {
	num jsontext.Numeric
	dim jsontext.Dims
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// keptScratch is the largest list, in elements, that is kept for reuse.
const keptScratch = 1 << 16

// scratch is the reader's from its first use on.
func (r *reader) scratch() *scratch {
	if r.lists == nil {
		r.lists = scratches.Get().(*scratch)
	}
	return r.lists
}

func (r *reader) release() {
	if s := r.lists; s != nil && cap(s.num.Floats) <= keptScratch && cap(s.num.Ints) <= keptScratch {
		scratches.Put(s)
	}
}

func (r *reader) value(depth int) (any, error) {
	switch r.lx.Kind() {
	case jsontext.Object:
		return r.object(depth)
	case jsontext.Array:
		return r.array(depth)
	case jsontext.String:
		s, err := r.lx.ReadString(nil)
		if err == nil {
			err = r.hold(scalarSize + len(s))
		}
		if err != nil {
			return nil, err
		}
		return string(s), nil
	case jsontext.Number:
		if err := r.hold(scalarSize); err != nil {
			return nil, err
		}
		return r.number()
	case jsontext.Bool:
		return r.lx.Bool()
	case jsontext.Null:
		return nil, r.lx.Literal("null")
	}
	return nil, r.lx.Skip() // says what is wrong
}

func (r *reader) number() (any, error) {
	tok, isInt, err := r.lx.Number()
	if err != nil {
		return nil, err
	}
	if isInt && string(tok) != "-0" { // whose sign no integer has
		if i, err := jsontext.ParseInt64(tok); err == nil {
			return i, nil
		}
		return serve.Number(tok), nil
	}
	if f, err := jsontext.ParseFloat64(tok); err == nil {
		return f, nil
	}
	return serve.Number(tok), nil
}

func (r *reader) object(depth int) (any, error) {
	if depth >= jsontext.MaxDepth {
		return nil, r.lx.Skip()
	}
	r.lx.Peek()
	start := r.lx.Pos
	if err := r.hold(objectSize); err != nil {
		return nil, err
	}
	var fields []serve.Field
	var seen map[string]bool // only once there are many members
	more, err := r.lx.ObjectStart()
	for more && err == nil {
		var f serve.Field
		if f, err = r.member(depth); err != nil {
			return nil, err
		}
		if duplicate(fields, &seen, f.Key) {
			return nil, fmt.Errorf("invalid JSON at byte %d: the key %s is there twice", r.lx.Pos, shown(f.Key))
		}
		fields = append(fields, f)
		if seen != nil {
			err = r.hold(keySize)
		}
		if err == nil {
			more, err = r.lx.ObjectNext()
		}
	}
	if err != nil {
		return nil, err
	}
	return serve.NewObjectFrom(r.lx.Data[start:r.lx.Pos], fields), nil
}

func (r *reader) member(depth int) (serve.Field, error) {
	key, err := r.lx.ReadKey(nil)
	if err != nil {
		return serve.Field{}, err
	}
	if err := r.hold(fieldSize + len(key)); err != nil {
		return serve.Field{}, err
	}
	f := serve.Field{Key: string(key)}
	r.lx.Peek()
	start := r.lx.Pos
	f.Value, err = r.value(depth + 1)
	f.Source = r.lx.Data[start:r.lx.Pos]
	return f, err
}

// duplicate says whether key is among the fields. From 16 members on it looks
// in seen, so that a large object does not take quadratic time.
func duplicate(fields []serve.Field, seen *map[string]bool, key string) bool {
	if len(fields) < 16 {
		for i := range fields {
			if fields[i].Key == key {
				return true
			}
		}
		return false
	}
	if *seen == nil {
		*seen = make(map[string]bool, 2*len(fields))
		for i := range fields {
			(*seen)[fields[i].Key] = true
		}
	}
	dup := (*seen)[key]
	(*seen)[key] = true
	return dup
}

func (r *reader) array(depth int) (any, error) {
	if depth >= jsontext.MaxDepth {
		return nil, r.lx.Skip()
	}
	// An array that turns out to be no tensor has been read in vain, and so may
	// be every array in it: only a few levels may try, so that hostile nesting
	// does not multiply the work.
	if r.tried < 4 {
		if t, ok := r.tensor(); ok {
			return t, r.hold(tensorSize)
		}
		r.tried++
		defer func() { r.tried-- }()
	}
	if err := r.hold(listSize); err != nil {
		return nil, err
	}
	list := []any{}
	more, err := r.lx.ArrayStart()
	for more && err == nil {
		if err = r.hold(itemSize); err != nil {
			return nil, err
		}
		var v any
		if v, err = r.value(depth + 1); err != nil {
			return nil, err
		}
		list = append(list, v)
		more, err = r.lx.ArrayNext()
	}
	return list, err
}

// tensor reads a rectangular array of numbers as one dense tensor; ok is false,
// and nothing is read, when the next value is something else.
func (r *reader) tensor() (*serve.Tensor, bool) {
	b := &struct {
		t     serve.Tensor
		shape [4]int
	}{}
	return &b.t, r.readTensor(&b.t, b.shape[:0], nil)
}

// readTensor is tensor with the memory to use: t for the tensor, shape and, when
// they fit, buf for the elements.
func (r *reader) readTensor(t *serve.Tensor, shape []int, buf []uint64) (ok bool) {
	r.lx.Peek()
	start := r.lx.Pos
	if r.readFew(t, shape, buf) {
		return true
	}
	num := &r.scratch().num
	r.presize(num)
	if !r.lx.Numbers(num) {
		return false
	}
	shape = append(shape, num.Shape...)
	var err error
	if num.IsFloat {
		err = serve.InitTensor(t, "", serve.FP64, shape, taken(&num.Floats, buf))
	} else {
		err = serve.InitTensor(t, "", serve.Int64, shape, taken(&num.Ints, buf))
	}
	src := r.lx.Data[start:r.lx.Pos]
	if num.Bare { // which is not JSON
		src = nil
	}
	t.SetSource(src, num.Mixed)
	return err == nil
}

// presize makes room for the numbers of a large document's first array, once: lists that
// grow a quarter at a time leave five times as much behind.
func (r *reader) presize(num *jsontext.Numeric) {
	rest := r.lx.Data[r.lx.Pos:]
	if r.presized || len(rest) < 2*keptScratch {
		return
	}
	r.presized = true
	for _, end := range []byte(`"{}`) { // which is in no array of numbers
		if i := bytes.IndexByte(rest, end); i >= 0 {
			rest = rest[:i]
		}
	}
	n := bytes.Count(rest, []byte{','}) + 1
	switch {
	case n <= keptScratch:
	case bytes.ContainsAny(rest[:4<<10], ".eEn"):
		num.Floats = slices.Grow(num.Floats[:0], n)
	default:
		num.Ints = slices.Grow(num.Ints[:0], n)
	}
}

// taken is the elements of a list in memory that stays: in buf, or of their own. A list
// that is too large to be kept is it.
func taken[T int64 | float64](list *[]T, buf []uint64) []T {
	elems := *list
	if cap(elems) > keptScratch && len(elems) > cap(elems)/2 {
		*list = nil
		return elems
	}
	return append(reuse[T](buf, len(elems)), elems...)
}

// readFew is readTensor for the short rows that most requests have, which are read
// where they stay: into buf.
func (r *reader) readFew(t *serve.Tensor, shape []int, buf []uint64) bool {
	start := r.lx.Pos
	few, ok := r.lx.FewNumbers(buf)
	if !ok {
		return false
	}
	if few.Nested {
		shape = append(shape, 1)
	}
	shape = append(shape, few.N)
	var err error
	if few.IsFloat {
		err = serve.InitTensor(t, "", serve.FP64, shape, reuse[float64](buf, few.N)[:few.N])
	} else {
		err = serve.InitTensor(t, "", serve.Int64, shape, reuse[int64](buf, few.N)[:few.N])
	}
	t.SetSource(r.lx.Data[start:r.lx.Pos], few.Mixed)
	return err == nil
}
