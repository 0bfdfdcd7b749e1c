package document

import (
	"fmt"
	"regexp"
	"strings"
)

var reference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// maxExpanded bounds what the variables of one document may add to it.
const maxExpanded = 1 << 20

// variables replaces ${NAME}, as [Parse] describes it.
type variables struct {
	Options
	left int // bytes that may still be added
}

// expand replaces the variables in s; problem is "" unless something is wrong.
func (v *variables) expand(s string) (out, problem string) {
	if v.Lookup == nil || !strings.Contains(s, "${") {
		return s, ""
	}
	var b strings.Builder
	for {
		before, _, found := strings.Cut(s, "${")
		if !found {
			b.WriteString(s)
			return b.String(), ""
		}
		s = s[len(before):]
		if unescaped, ok := strings.CutSuffix(before, "$"); ok {
			b.WriteString(unescaped + "${")
			s = s[len("${"):]
			continue
		}
		m := reference.FindStringSubmatch(s)
		if m == nil && v.Loose {
			b.WriteString(before + "${")
			s = s[len("${"):]
			continue
		}
		if m == nil {
			return "", "after ${ comes the name of a variable and }; write $${ for the text ${"
		}
		value, problem := v.value(m[1])
		if problem != "" {
			return "", problem
		}
		b.WriteString(before + value)
		s = s[len(m[0]):]
	}
}

func (v *variables) value(name string) (value, problem string) {
	value, ok := v.Lookup(name)
	if !ok && v.Loose {
		return "${" + name + "}", ""
	}
	if !ok {
		return "", fmt.Sprintf("variable %s is not set", name)
	}
	if v.left -= len(value); v.left < 0 {
		return "", "the variables up to here add more than 1 MiB"
	}
	return value, ""
}
