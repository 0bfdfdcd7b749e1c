package repo

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// maxName is the length of a model's name in bytes. File systems have no longer
// names.
const maxName = 255

// checkName says what is wrong with the name of a model. Names are words of
// letters, digits, ".", "_" and "-": they stand in URLs, in "name:version" and
// in metrics.
func checkName(name string) error {
	if name == "" {
		return fmt.Errorf("a model needs a name")
	}
	if len(name) > maxName {
		return fmt.Errorf("the name is %d bytes long, %d are allowed", len(name), maxName)
	}
	if strings.Contains(name, "..") || strings.HasPrefix(name, ".") {
		return fmt.Errorf(`the name %q must not begin with "." or have ".." in it`, name)
	}
	for _, r := range name {
		if !nameRune(r) {
			return fmt.Errorf("the name %q has %q in it: rename it to letters, digits, \".\", \"_\" and \"-\"", name, r)
		}
	}
	return nil
}

// nameRune allows the letters of every language, and the marks that some file
// systems write apart from them.
func nameRune(r rune) bool {
	return r != unicode.ReplacementChar && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)) ||
		r == '.' || r == '_' || r == '-'
}

// shown is a name as it stands in listings: quoted where it would not print.
func shown(name string) string {
	for _, r := range name {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return strconv.Quote(name)
		}
	}
	return name
}

// stem is the name of a file without its extension.
func stem(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

// maxDigits is how long the number of a version may be; a time stamp to the
// microsecond has 20.
const maxDigits = 20

// isNumber says whether a folder's name is that of a version folder, right or
// wrong.
func isNumber(name string) bool {
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return false
		}
	}
	return name != ""
}

// checkNumber says what is wrong with the number of a version folder.
func checkNumber(number string) error {
	switch {
	case number[0] == '0':
		return fmt.Errorf("versions are whole numbers from 1, without zeros in front")
	case len(number) > maxDigits:
		return fmt.Errorf("the number has %d digits, %d are allowed", len(number), maxDigits)
	}
	return nil
}
