package onnxml

import (
	"fmt"
	"slices"
)

// only refuses attributes that are not among names.
func (a attributes) only(names ...string) error {
	for name := range a {
		if !slices.Contains(names, name) {
			return fmt.Errorf("attribute %q is not known", name)
		}
	}
	return nil
}

// whole is an integer attribute.
func (a attributes) whole(name string, otherwise int64) (v int64, err error) {
	v = otherwise
	err = a[name].each(func(f field) error {
		if f.number == 3 && f.kind == kindVarint {
			v = int64(f.value)
		}
		return nil
	})
	return v, err
}

// text is a string attribute.
func (a attributes) text(name, otherwise string) (v string, err error) {
	v = otherwise
	err = a[name].each(func(f field) error {
		if f.number == 4 && f.kind == kindBytes {
			v = string(f.bytes)
		}
		return nil
	})
	return v, err
}

func (a attributes) ints(name string) (list []int64, err error) {
	err = a[name].each(func(f field) (err error) {
		if f.number == 8 {
			list, err = f.ints(list)
		}
		return err
	})
	return list, err
}

func (a attributes) floats(name string) (list []float32, err error) {
	err = a[name].each(func(f field) (err error) {
		if f.number == 7 {
			list, err = f.floats(list)
		}
		return err
	})
	return list, err
}

// strings are those of an attribute; they are part of the file.
func (a attributes) strings(name string) (list [][]byte, err error) {
	err = a[name].each(func(f field) error {
		if f.number == 9 && f.kind == kindBytes {
			list = append(list, f.bytes)
		}
		return nil
	})
	return list, err
}

// tensor is a tensor attribute; ok is false when it is not there.
func (a attributes) tensor(name string) (t tensor, ok bool, err error) {
	err = a[name].each(func(f field) (err error) {
		if f.number == 5 && f.kind == kindBytes {
			t, err = readTensor(f.bytes)
			ok = true
		}
		return err
	})
	return t, ok, err
}

// doubles are the numbers of a tensor attribute of float32 or float64, and
// which of the two it is.
func (a attributes) doubles(name string) (list []float64, double bool, err error) {
	t, ok, err := a.tensor(name)
	if !ok || err != nil {
		return nil, false, err
	}
	switch t.kind {
	case double64:
		return t.f64, true, nil
	case single:
		return widen(t.f32), false, nil
	}
	return nil, false, fmt.Errorf("attribute %q has elements of type %d", name, t.kind)
}

func widen(list []float32) []float64 {
	wide := make([]float64, len(list))
	for i, v := range list {
		wide[i] = float64(v)
	}
	return wide
}
