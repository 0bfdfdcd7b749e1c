package tracing

import (
	"strings"
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

// maxText is the longest text of an attribute or a status, in bytes.
const maxText = 1024

// clean makes a text fit for a span: valid UTF-8, since a single one that is not
// makes a whole batch unwritable, and not long.
func clean(s string) string {
	if len(s) > maxText {
		end := maxText
		for end > maxText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end] + "…"
	}
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "�")
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return clean(err.Error())
}

// kinds are the values of error.type, in the order of serve.Code from
// serve.Internal on. They are those of the metrics' label "code".
var kinds = [...]string{
	"internal", "bad_request", "unauthenticated", "forbidden", "not_found", "wrong_method", "not_yet",
	"too_large", "unsupported", "limited", "not_offered", "unavailable", "timeout", "canceled",
}

func kind(err error) string {
	if i := int(serve.CodeOf(err)); i >= 0 && i < len(kinds) {
		return kinds[i]
	}
	return kinds[0]
}
