package oip

import (
	"bytes"

	"github.com/leat-ml/leat/serve"
)

// longestKey is that of a member that plainMember reads, with quotes and colon.
const longestKey = len(`"datatype":`)

// plainMember reads a member of a tensor written as nearly every client writes
// it: on most requests of a few numbers, finding the way through the keys takes
// longer than the numbers. done is false, and nothing is read, for anything
// else, right or wrong.
func (r *reader) plainMember(in *inputTensor) (done bool, err error) {
	r.lx.Peek()
	rest := r.lx.Data[r.lx.Pos:]
	if len(rest) <= longestKey+2 {
		return false, nil
	}
	switch {
	case string(rest[:len(`"name":`)]) == `"name":`:
		return !in.hasName && r.plainName(in, rest), nil
	case string(rest[:len(`"shape":`)]) == `"shape":`:
		return !in.hasShape && r.plainShape(in, rest), nil
	case string(rest[:longestKey]) == `"datatype":`:
		return !in.hasType && r.plainType(in, rest), nil
	case string(rest[:len(`"data":`)]) == `"data":` && !in.hasData:
		in.hasData = true
		r.lx.Pos += len(`"data":`)
		return true, r.tensorData(in)
	}
	return false, nil
}

// plainKey passes the key, in quotes and with its colon, if it is next.
func (r *reader) plainKey(key string) bool {
	r.lx.Peek()
	end := r.lx.Pos + len(key)
	if end > len(r.lx.Data) || string(r.lx.Data[r.lx.Pos:end]) != key {
		return false
	}
	r.lx.Pos = end
	return true
}

// blank returns 1 if text starts with a blank and else 0.
func blank(text []byte) int {
	if text[0] == ' ' {
		return 1
	}
	return 0
}

// plainName reads a name of printable ASCII without an escape.
func (r *reader) plainName(in *inputTensor, rest []byte) bool {
	start := len(`"name":`)
	start += blank(rest[start:])
	if rest[start] != '"' {
		return false
	}
	start++
	for i := start; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			in.name, in.hasName = r.text(rest[start:i]), true
			r.lx.Pos += i + 1
			return true
		case c == '\\' || c < ' ' || c > '~':
			return false
		}
	}
	return false
}

// plainType reads a datatype of the protocol.
func (r *reader) plainType(in *inputTensor, rest []byte) bool {
	start := longestKey
	start += blank(rest[start:])
	if rest[start] != '"' {
		return false
	}
	start++
	n := bytes.IndexByte(rest[start:min(len(rest), start+len(`UINT64"`))], '"')
	if n < 0 {
		return false
	}
	dt := serve.ParseDatatype(string(rest[start : start+n]))
	if dt == serve.Invalid {
		return false
	}
	in.datatype, in.hasType = dt, true
	r.lx.Pos += start + n + 1
	return true
}

// plainShape reads a shape of up to 9 digits a length and nothing else but
// commas and blanks.
func (r *reader) plainShape(in *inputTensor, rest []byte) bool {
	start := len(`"shape":`)
	start += blank(rest[start:])
	if rest[start] != '[' {
		return false
	}
	first, n, digits := len(in.shape), 0, 0
	for i := start + 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c >= '0' && c <= '9' && digits < 9 && (digits == 0 || n > 0):
			n = 10*n + int(c-'0')
			digits++
		case c == ' ' && digits == 0:
		case (c == ',' || c == ']') && digits > 0:
			if len(in.shape)-first == maxRank {
				in.shape = in.shape[:first]
				return false // tensorShape says so
			}
			in.shape = append(in.shape, n)
			if c == ']' {
				in.hasShape = true
				r.lx.Pos += i + 1
				return true
			}
			n, digits = 0, 0
		default:
			in.shape = in.shape[:first]
			return false
		}
	}
	in.shape = in.shape[:first]
	return false
}
