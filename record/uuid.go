package record

import (
	"encoding/binary"
	"encoding/hex"
)

// maxID is how many bytes of an id are kept.
const maxID = 1 << 16

// appendEventID appends the id of an event: 0 and the 16 bytes of a UUID in lower
// case, as most are, else its length and one, and its text.
func appendEventID(dst []byte, id string) []byte {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return appendPlainID(dst, id)
	}
	at := len(dst)
	dst = append(dst, 0)
	for i := 0; i < len(id); i += 2 {
		if id[i] == '-' {
			i++
		}
		hi, lo := hexValue[id[i]], hexValue[id[i+1]]
		if hi|lo > 0xf {
			return appendPlainID(dst[:at], id)
		}
		dst = append(dst, hi<<4|lo)
	}
	return dst
}

func appendPlainID(dst []byte, id string) []byte {
	id = id[:min(len(id), maxID)]
	return append(binary.AppendUvarint(dst, uint64(len(id)+1)), id...)
}

// hexValue is what the digits of UUIDs in lower case are worth; others are 0xff.
var hexValue = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		v[c] = byte(i)
	}
	return v
}()

// eventID reads an id. A UUID is written into room.
func (c *cursor) eventID(room *[36]byte) []byte {
	if n := c.number(); n > 0 {
		if n-1 > uint64(len(c.rest)) {
			c.fail()
			return nil
		}
		return c.take(int(n - 1))
	}
	raw := c.take(16)
	if c.bad {
		return nil
	}
	hex.Encode(room[:8], raw[:4])
	hex.Encode(room[9:13], raw[4:6])
	hex.Encode(room[14:18], raw[6:8])
	hex.Encode(room[19:23], raw[8:10])
	hex.Encode(room[24:], raw[10:])
	room[8], room[13], room[18], room[23] = '-', '-', '-', '-'
	return room[:]
}
