package config

import (
	"math"
	"slices"

	"github.com/leat-ml/leat/internal/config/document"
)

// What reads the value of a key. null is always as good as no key.

func (r *reader) wrong(f *document.Field, want string) {
	hint := ""
	if k := f.Value.Kind; want == "text" && k < document.String {
		hint = "; put it in quotes"
	}
	r.problem(f.Value.Pos, "%s must be %s, found %s%s", f.Key, want, f.Value.Describe(), hint)
}

func (r *reader) text(dst *string) func(*document.Field) {
	return func(f *document.Field) {
		switch f.Value.Kind {
		case document.String:
			*dst = f.Value.Text
		case document.Null:
		default:
			r.wrong(f, "text")
		}
	}
}

func (r *reader) boolean(dst *bool) func(*document.Field) {
	return func(f *document.Field) {
		switch f.Value.Kind {
		case document.Bool:
			*dst = f.Value.Value().(bool)
		case document.Null:
		default:
			r.wrong(f, "true or false")
		}
	}
}

func (r *reader) integer(dst *int) func(*document.Field) {
	return func(f *document.Field) {
		if f.Value.Kind == document.Null {
			return
		}
		n, ok := f.Value.Value().(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			r.wrong(f, "a number of things")
			return
		}
		*dst = int(n)
	}
}

func (r *reader) values(dst *map[string]any) func(*document.Field) {
	return func(f *document.Field) {
		switch f.Value.Kind {
		case document.Map:
			*dst = f.Value.Values()
		case document.Null:
		default:
			r.wrong(f, "a mapping")
		}
	}
}

func (r *reader) oneOf(dst *string, words ...string) func(*document.Field) {
	return func(f *document.Field) {
		r.text(dst)(f)
		if f.Value.Kind == document.String && !slices.Contains(words, *dst) {
			r.problem(f.Value.Pos, "%s must be %q or %q, found %q", f.Key, words[0], words[1], *dst)
		}
	}
}

// refused is a key that this version does not honour.
func (r *reader) refused(f *document.Field) {
	if !f.Value.Empty() {
		r.problem(f.Pos, "%s is not supported by this version yet", f.Key)
	}
}

// reserved is refused even when it is empty: whoever writes it means it.
func (r *reader) reserved(f *document.Field) {
	r.problem(f.Pos, "%s is not supported by this version yet", f.Key)
}

// later is a key whose effect comes with a later version and which does not
// change what is answered until then.
func (r *reader) later(f *document.Field) {
	if !f.Value.Empty() {
		r.warn(f.Pos, "%s has no effect in this version yet", f.Key)
	}
}

// laterMLRun is later in MLRun's contract, whose specs carry it, else refused.
func (r *reader) laterMLRun(f *document.Field) {
	if r.mlrun {
		r.later(f)
		return
	}
	r.refused(f)
}
