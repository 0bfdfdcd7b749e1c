package record

import (
	"bytes"
	"unicode/utf8"
)

// strict is a JSON text as others take it, on one line: requests may have NaN and
// Infinity, which JSON knows nothing of and which become null, and bytes that are no
// UTF-8. The text itself does not change.
func strict(text []byte) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\ufffd"))
	}
	if bytes.IndexByte(text, 'N') >= 0 || bytes.IndexByte(text, 'I') >= 0 {
		text = withoutNaN(text)
	}
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		text = onOneLine(text)
	}
	return text
}

// onOneLine is a JSON text without line ends, which can only be between tokens.
func onOneLine(text []byte) []byte {
	out := bytes.Clone(text)
	for i, c := range out {
		if c == '\n' || c == '\r' {
			out[i] = ' '
		}
	}
	return out
}

// numberless are the numbers that JSON has no words for, longest first.
var numberless = [][]byte{[]byte("-Infinity"), []byte("Infinity"), []byte("-NaN"), []byte("NaN")}

// withoutNaN is a JSON text with null for what is no number.
func withoutNaN(text []byte) []byte {
	var out []byte
	quoted, from := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '-' || c == 'N' || c == 'I'):
			for _, word := range numberless {
				if bytes.HasPrefix(text[i:], word) {
					out = append(append(out, text[from:i]...), "null"...)
					i += len(word) - 1
					from = i + 1
					break
				}
			}
		}
	}
	if from == 0 {
		return text
	}
	return append(out, text[from:]...)
}
