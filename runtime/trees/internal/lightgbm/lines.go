// Package lightgbm reads models that LightGBM saved as text, versions v2 to v4.
//
// The format is that of LightGBM's src/boosting/gbdt_model_text.cpp and
// src/io/tree.cpp. Numbers are compared and added in float64, as LightGBM does.
package lightgbm

import (
	"bytes"
	"fmt"
	"strconv"
)

// lines is a cursor on the lines of a file.
type lines struct {
	data   []byte
	number int // of the line that next returned, from 1
}

// next returns a line without its end, false after the last.
func (l *lines) next() ([]byte, bool) {
	if len(l.data) == 0 {
		return nil, false
	}
	line, rest, _ := bytes.Cut(l.data, []byte("\n"))
	l.data = rest
	l.number++
	return bytes.TrimSuffix(line, []byte("\r")), true
}

// A field is a line "name=value" that is read.
type field struct {
	name string
	read func(value []byte) error
}

// set reads the fields of a part of the file, of which each may come once.
type set struct {
	fields []field
	seen   uint64
}

// take reads a line if it is one of the set's.
func (s *set) take(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte("="))
	for i := range s.fields {
		if string(name) != s.fields[i].name {
			continue
		}
		if s.seen&(1<<i) != 0 {
			return fmt.Errorf("%s comes twice", name)
		}
		s.seen |= 1 << i
		if err := s.fields[i].read(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func number(name string, dst *int) field {
	return field{name, func(value []byte) error {
		n, err := strconv.ParseInt(string(value), 10, 32)
		if err != nil {
			return notA("an integer", value)
		}
		*dst = int(n)
		return nil
	}}
}

func text(name string, dst *string) field {
	return field{name, func(value []byte) error {
		*dst = string(value)
		return nil
	}}
}

func flag(name string, dst *bool) field {
	return field{name, func([]byte) error {
		*dst = true
		return nil
	}}
}

// floats, ints and words make fields that replace what is in dst by the
// numbers of a line, reusing its memory.
func floats(name string, dst *[]float64) field {
	return field{name, func(value []byte) error {
		*dst = (*dst)[:0]
		return each(value, func(token []byte) error {
			v, err := parseFloat(token)
			*dst = append(*dst, v)
			return err
		})
	}}
}

func ints(name string, dst *[]int32) field {
	return field{name, func(value []byte) error {
		*dst = (*dst)[:0]
		return each(value, func(token []byte) error {
			v, err := strconv.ParseInt(string(token), 10, 32)
			if err != nil {
				return notA("an integer", token)
			}
			*dst = append(*dst, int32(v))
			return nil
		})
	}}
}

func words(name string, dst *[]uint32) field {
	return field{name, func(value []byte) error {
		*dst = (*dst)[:0]
		return each(value, func(token []byte) error {
			v, err := strconv.ParseUint(string(token), 10, 32)
			if err != nil {
				return notA("a 32-bit word", token)
			}
			*dst = append(*dst, uint32(v))
			return nil
		})
	}}
}

// each calls f for the parts of a line between spaces.
func each(line []byte, f func(token []byte) error) error {
	for {
		line = bytes.TrimLeft(line, " ")
		if len(line) == 0 {
			return nil
		}
		token := line
		if end := bytes.IndexByte(line, ' '); end >= 0 {
			token = line[:end]
		}
		if err := f(token); err != nil {
			return err
		}
		line = line[len(token):]
	}
}

// parseFloat reads a decimal number, inf or nan; strconv alone would also take
// hexadecimal ones and underscores.
func parseFloat(token []byte) (float64, error) {
	for _, c := range token {
		if c == '_' || c == 'x' || c == 'X' {
			return 0, notA("a number", token)
		}
	}
	v, err := strconv.ParseFloat(string(token), 64)
	if err != nil {
		return 0, notA("a number", token)
	}
	return v, nil
}

func notA(kind string, token []byte) error {
	return fmt.Errorf("%q is not %s", clip(token), kind)
}

// clip shortens what an error quotes.
func clip(token []byte) []byte { return token[:min(len(token), 40)] }
