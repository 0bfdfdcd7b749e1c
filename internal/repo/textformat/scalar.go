package textformat

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/leat-ml/leat/catalog"
)

// scalar reads a value that is no message.
func (d *decoder) scalar(v *value, desc protoreflect.FieldDescriptor) (protoreflect.Value, bool) {
	out, want := protoreflect.Value{}, ""
	switch kind := desc.Kind(); kind {
	case protoreflect.StringKind:
		out, want = protoreflect.ValueOfString(v.text), "a string in quotes"
		if v.kind == isText && !v.minus {
			if !utf8.ValidString(v.text) {
				d.problem(v.pos, "%s is no text in UTF-8", desc.Name())
			}
			return out, true
		}
	case protoreflect.BoolKind:
		if b, ok := truth(v); ok {
			return protoreflect.ValueOfBool(b), true
		}
		want = "true or false"
	case protoreflect.EnumKind:
		return d.enum(v, desc.Enum())
	case protoreflect.DoubleKind:
		if f, ok := float(v); ok {
			return protoreflect.ValueOfFloat64(f), true
		}
		want = "a number"
	case protoreflect.FloatKind:
		if f, ok := float(v); ok {
			return protoreflect.ValueOfFloat32(float32Of(f)), true
		}
		want = "a number"
	case protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return d.integer(v, kind, desc)
	default:
		want = "nothing that is read"
	}
	d.problem(v.pos, "%s is %s, found %s", desc.Name(), want, v.written())
	return out, false
}

// written is the value as a message names it.
func (v *value) written() string {
	if v.minus {
		return strconv.Quote("-" + v.text)
	}
	return v.token.String()
}

func truth(v *value) (b, ok bool) {
	if v.minus || v.kind == isText {
		return false, false
	}
	switch v.text {
	case "true", "True", "t", "1":
		return true, true
	case "false", "False", "f", "0":
		return false, true
	}
	n, err := strconv.ParseUint(v.text, 0, 64)
	return n == 1, v.kind == isNumber && err == nil && n <= 1 && plainInteger(v.text)
}

// plainInteger says whether a text is a whole number as the format writes it: Go's
// own forms are more.
func plainInteger(s string) bool {
	if strings.ContainsAny(s, "_") || len(s) > 1 && s[0] == '0' && strings.ContainsAny(s[1:2], "bBoO") {
		return false
	}
	return true
}

func (d *decoder) integer(v *value, kind protoreflect.Kind, desc protoreflect.FieldDescriptor) (protoreflect.Value, bool) {
	text := v.text
	if v.minus {
		text = "-" + text
	}
	if v.kind != isNumber || !plainInteger(v.text) {
		d.problem(v.pos, "%s is a whole number, found %s", desc.Name(), v.written())
		return protoreflect.Value{}, false
	}
	var out protoreflect.Value
	var err error
	var n int64
	var u uint64
	switch kind {
	case protoreflect.Int32Kind:
		n, err = strconv.ParseInt(text, 0, 32)
		out = protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Int64Kind:
		n, err = strconv.ParseInt(text, 0, 64)
		out = protoreflect.ValueOfInt64(n)
	case protoreflect.Uint32Kind:
		u, err = strconv.ParseUint(text, 0, 32)
		out = protoreflect.ValueOfUint32(uint32(u))
	default:
		u, err = strconv.ParseUint(text, 0, 64)
		out = protoreflect.ValueOfUint64(u)
	}
	if err != nil {
		d.problem(v.pos, "%s is %s, and not a whole number of type %s", desc.Name(), text, kind)
	}
	return out, err == nil
}

// float reads a number with or without a fraction, an infinity or no number.
func float(v *value) (f float64, ok bool) {
	sign := 1.0
	if v.minus {
		sign = -1
	}
	switch v.kind {
	case isWord:
		switch strings.ToLower(v.text) {
		case "inf", "infinity":
			return math.Inf(int(sign)), true
		case "nan":
			return math.NaN(), true
		}
		return 0, false
	case isNumber:
	default:
		return 0, false
	}
	if n, err := strconv.ParseUint(v.text, 0, 64); err == nil && plainInteger(v.text) {
		return sign * float64(n), true
	}
	text := strings.TrimRight(v.text, "fF")
	if strings.ContainsAny(text, "_xXpP") || len(v.text)-len(text) > 1 {
		return 0, false
	}
	if len(text) > 1 && text[0] == '0' && isDigit(text[1]) {
		return 0, false // an octal number that is none
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return sign * f, true
}

func (d *decoder) enum(v *value, of protoreflect.EnumDescriptor) (protoreflect.Value, bool) {
	if v.kind == isWord && !v.minus {
		if named := of.Values().ByName(protoreflect.Name(v.text)); named != nil {
			return protoreflect.ValueOfEnum(named.Number()), true
		}
	}
	if v.kind == isNumber && !v.minus && plainInteger(v.text) {
		if n, err := strconv.ParseInt(v.text, 0, 32); err == nil && of.Values().ByNumber(protoreflect.EnumNumber(n)) != nil {
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), true
		}
	}
	var names []string
	for i := range of.Values().Len() {
		names = append(names, string(of.Values().Get(i).Name()))
	}
	hint := " (it is one of " + strings.Join(names, ", ") + ")"
	if near := catalog.Nearest(v.text, names); len(near) > 0 && v.kind == isWord {
		hint = " (did you mean " + near[0] + "?)"
	}
	d.problem(v.pos, "%s is none of %s%s", v.written(), of.Name(), hint)
	return protoreflect.Value{}, false
}
