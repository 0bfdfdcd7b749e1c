// Package xgboost reads models that XGBoost saved, from JSON and from UBJSON.
//
// Both are the same document, which [ParseJSON] and [ParseUBJ] read in one pass
// without building it: a tree goes to the forest as soon as it is complete, in
// whatever order the members of an object come. The schema is that of XGBoost's
// doc/model.schema and of the writers in its src/tree/tree_model.cc,
// src/gbm/gbtree_model.cc and src/learner.cc.
package xgboost

import "fmt"

// A document is a cursor on a JSON-like document. Each method reads the next
// value, and fails if it is of another kind.
type document interface {
	// object calls member for each key; member must read the value. The key is
	// valid until then.
	object(member func(key []byte) error) error
	// array calls element for each element, which it must read.
	array(element func() error) error
	text() (string, error)
	// floats and ints append the numbers of an array.
	floats(dst []float32) ([]float32, error)
	ints(dst []int32) ([]int32, error)
	// skip passes over a value of any kind.
	skip() error
}

// A member is one that is read, of those that an object may have.
type member struct {
	name string
	read func() error
}

// readObject reads the next object, passing over members that are not in known.
// A member that comes twice is an error.
func readObject(d document, known []member) error {
	var seen uint64
	return d.object(func(key []byte) error {
		for i := range known {
			if string(key) != known[i].name {
				continue
			}
			if seen&(1<<i) != 0 {
				return fmt.Errorf("%q comes twice in one object", known[i].name)
			}
			seen |= 1 << i
			return known[i].read()
		}
		return d.skip()
	})
}

// text, floats and ints make members that store a value. A list replaces what
// is in dst and reuses its memory.
func text(d document, name string, dst *string) member {
	return member{name, func() (err error) {
		*dst, err = d.text()
		return within(name, err)
	}}
}

func floats(d document, name string, dst *[]float32) member {
	return member{name, func() (err error) {
		*dst, err = d.floats((*dst)[:0])
		return within(name, err)
	}}
}

func ints(d document, name string, dst *[]int32) member {
	return member{name, func() (err error) {
		*dst, err = d.ints((*dst)[:0])
		return within(name, err)
	}}
}

func texts(d document, name string, dst *[]string) member {
	return member{name, func() error {
		*dst = nil
		err := d.array(func() error {
			s, err := d.text()
			*dst = append(*dst, s)
			return err
		})
		return within(name, err)
	}}
}

// object makes a member that is an object with members of its own.
func object(d document, name string, known ...member) member {
	return member{name, func() error { return readObject(d, known) }}
}

func within(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
