package serve

import (
	"iter"
	"math"
	"slices"
)

// A decoded JSON document is made of these Go types: nil, bool, string, int64,
// float64, [Number] for a number that neither holds exactly, *[Tensor] for a
// rectangular array of numbers, []any for any other array and *[Object]. They
// are immutable: an event's body is shared by every branch that reads it.

// A Number is the text of a JSON number that neither int64 nor float64 holds
// exactly, such as an integer of 20 digits.
type Number string

// A Field is one member of an [Object].
type Field struct {
	Key   string
	Value any
	// Source is the JSON text of the value, written back as it is; nil where
	// the value was not read from text.
	Source []byte
}

// An Object is a JSON object whose members keep their order. The zero value is
// an empty object. It is immutable once shared; [Object.With] makes a changed
// one.
type Object struct {
	fields []Field
	src    []byte
}

// NewObject returns an object of the fields, which it takes over. Keys must be
// different from each other.
func NewObject(fields ...Field) *Object { return &Object{fields: fields} }

// NewObjectFrom is [NewObject] for a codec that read the fields from src: as
// long as the object is passed on unchanged it is written back byte for byte.
func NewObjectFrom(src []byte, fields []Field) *Object { return &Object{fields: fields, src: src} }

// Source is the JSON text that the object was read from; nil when there is none.
func (o *Object) Source() []byte { return o.src }

// Len is the number of members.
func (o *Object) Len() int { return len(o.fields) }

// Value returns the member named key; ok is false when there is none.
func (o *Object) Value(key string) (v any, ok bool) {
	if i := o.index(key); i >= 0 {
		return o.fields[i].Value, true
	}
	return nil, false
}

// Fields are the members in their order. Read them only.
func (o *Object) Fields() []Field { return o.fields }

// All ranges over the members in their order.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, f := range o.fields {
			if !yield(f.Key, f.Value) {
				return
			}
		}
	}
}

// With returns a copy in which key has the value v: in its old place when the
// key was there, else at the end. Values are shared with o.
func (o *Object) With(key string, v any) *Object {
	fields := slices.Clone(o.fields)
	if i := o.index(key); i >= 0 {
		fields[i].Value, fields[i].Source = v, nil
	} else {
		fields = append(fields, Field{Key: key, Value: v})
	}
	return &Object{fields: fields}
}

func (o *Object) index(key string) int {
	for i := range o.fields {
		if o.fields[i].Key == key {
			return i
		}
	}
	return -1
}

// Number64 returns v as float64; ok is false when v is no number.
func Number64(v any) (f float64, ok bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	return math.NaN(), false
}
