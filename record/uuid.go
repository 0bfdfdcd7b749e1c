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
	a, b, c, d := word(id[:8]), half(id[9:13])|half(id[14:18])<<32, half(id[19:23])|half(id[24:28])<<32, word(id[28:])
	n, m, o, p := hexOf(a), hexOf(b), hexOf(c), hexOf(d)
	if (hexDigits(n)^a)|(hexDigits(m)^b)|(hexDigits(o)^c)|(hexDigits(p)^d) != 0 {
		return appendPlainID(dst, id)
	}
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(squeezeHex(n))|uint64(squeezeHex(m))<<32)
	return binary.LittleEndian.AppendUint64(dst, uint64(squeezeHex(o))|uint64(squeezeHex(p))<<32)
}

// word is eight characters, the first in the lowest byte; half is four.
func word(s string) uint64 { return half(s[:4]) | half(s[4:8])<<32 }

func half(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

// hexOf are the numbers of eight hexadecimal digits in lower case, a byte each.
// Nothing is said of other characters: [hexDigits] tells them.
func hexOf(w uint64) uint64 { return w&(0xf*ones) + w>>6&ones*9 }

// hexDigits are the digits of eight numbers of four bits, a byte each.
func hexDigits(n uint64) uint64 {
	n &= 0xf * ones
	letter := (n + 6*ones) >> 4 & ones
	return n + '0'*ones + letter*('a'-'9'-1)
}

// squeezeHex makes four bytes of eight numbers of four bits, of which the first of two
// is in front.
func squeezeHex(n uint64) uint32 {
	n = (n<<4 | n>>8) & 0x00ff00ff00ff00ff
	n = (n | n>>8) & 0x0000ffff0000ffff
	return uint32(n | n>>16)
}

func appendPlainID(dst []byte, id string) []byte {
	id = id[:min(len(id), maxID)]
	return append(binary.AppendUvarint(dst, uint64(len(id)+1)), id...)
}

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
