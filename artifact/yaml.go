package artifact

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendYAML writes a value as YAML that readers of versions 1.1 and 1.2 read as
// the same: keys sorted, as PyYAML sorts them, texts in quotes unless they are
// plain words, and floats with a point. Values are maps, lists, texts, numbers,
// truth values and nil.
func appendYAML(b []byte, indent string, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		return appendMap(b, indent, v)
	case map[string]string:
		all := make(map[string]any, len(v))
		for key, text := range v {
			all[key] = text
		}
		return appendMap(b, indent, all)
	case []any:
		return appendList(b, indent, v)
	case []int64:
		return appendList(b, indent, anys(v))
	case []float64:
		return appendList(b, indent, anys(v))
	}
	return append(append(b, ' '), scalar(v)+"\n"...)
}

func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

func appendMap(b []byte, indent string, m map[string]any) []byte {
	if len(m) == 0 {
		return append(b, " {}\n"...)
	}
	if len(b) > 0 {
		b = append(b, '\n')
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		b = append(b, indent+quotedYAML(key)+":"...)
		b = appendYAML(b, indent+"  ", m[key])
	}
	return b
}

// appendList writes a list. One within a list or a mapping within it begins a line
// of its own.
func appendList(b []byte, indent string, list []any) []byte {
	if len(list) == 0 {
		return append(b, " []\n"...)
	}
	b = append(b, '\n')
	for _, v := range list {
		b = append(b, indent+"-"...)
		b = appendYAML(b, indent+"  ", v)
	}
	return b
}

func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return float(v)
	case string:
		return quotedYAML(v)
	}
	return quotedYAML(fmt.Sprint(v))
}

// float is a number that YAML 1.1 takes for one, too: with a point before the
// exponent and a sign in it.
func float(v float64) string {
	switch {
	case math.IsNaN(v):
		return ".nan"
	case math.IsInf(v, 1):
		return ".inf"
	case math.IsInf(v, -1):
		return "-.inf"
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	digits, exponent, ok := strings.Cut(text, "e")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if ok {
		return digits + "e" + exponent
	}
	return digits
}

var (
	plain = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./() -]*$`)
	// words are those that YAML 1.1 has meanings for.
	words = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true, "true": true, "false": true, "null": true}
)

// quotedYAML is a text, in quotes unless it is plain in every version.
func quotedYAML(s string) string {
	if plain.MatchString(s) && !words[strings.ToLower(s)] && !strings.HasSuffix(s, " ") {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == utf8.RuneError || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
