package python

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/leat-ml/leat/oip/jsontext"
)

// texts are the elements of a tensor of BYTES, which metadata has as JSON. A byte
// that is not UTF-8 is a lone surrogate there, 0x80 is \udc80, as Python's own error
// handler surrogateescape has it, so that every element comes as it was sent.
type texts []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(list []byte) error {
	if !bytes.Contains(list, []byte(`\udc`)) {
		return json.Unmarshal(list, (*[]string)(t))
	}
	var elems []json.RawMessage
	if err := json.Unmarshal(list, &elems); err != nil {
		return err
	}
	*t = make(texts, len(elems))
	for i, one := range elems {
		if len(one) < 2 || one[0] != '"' {
			return fmt.Errorf("element %d is no text", i)
		}
		(*t)[i] = unescaped(one[1 : len(one)-1])
	}
	return nil
}

// unescaped reads what is between the quotes of a valid JSON string.
func unescaped(text []byte) string {
	var out []byte
	from := 0
	flush := func(to int) {
		var s string
		quoted := append(append([]byte{'"'}, text[from:to]...), '"')
		_ = json.Unmarshal(quoted, &s) // it is a part of a valid string
		out = append(out, s...)
	}
	for i := 0; i < len(text); {
		n, surrogate := escape(text[i:])
		if b := surrogate - 0xdc00; b >= 0x80 && b <= 0xff {
			flush(i)
			out, from = append(out, byte(b)), i+n
		}
		i += n
	}
	flush(len(text))
	return string(out)
}

// escape is the length of the first character of the text, or of its escape, both
// halves of a pair together, and the surrogate that it is, alone.
func escape(text []byte) (n, surrogate int) {
	switch {
	case text[0] != '\\':
		return 1, 0
	case text[1] != 'u':
		return 2, 0
	}
	v, _ := strconv.ParseUint(string(text[2:6]), 16, 16)
	if v >= 0xd800 && v < 0xdc00 && len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		return 12, 0
	}
	return 6, int(v)
}

// appendTexts appends the elements, comma between them.
func appendTexts(dst []byte, elems []string) []byte {
	for i, s := range elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		if utf8.ValidString(s) {
			dst = jsontext.AppendString(dst, s)
			continue
		}
		dst = appendEscaped(dst, s)
	}
	return dst
}

// appendEscaped appends an element that is not UTF-8.
func appendEscaped(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		n := 0
		for n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			n += size
		}
		run := jsontext.AppendString(nil, s[:n])
		dst = append(dst, run[1:len(run)-1]...)
		if s = s[n:]; s != "" {
			dst = fmt.Appendf(dst, `\udc%02x`, s[0])
			s = s[1:]
		}
	}
	return append(dst, '"')
}
