package record

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Requests are mostly numbers, whose characters take four bits each: digits, and what
// is between them. A text is
//
//	text    = segment... 0
//	segment = length<<1 bytes             as they are
//	        | words<<1+1 bytes            eight characters are four bytes
//
// In these a character is its last four bits, those of the first in front; 15 is a
// space. They are taken as such where what comes out of them is what went in.
const (
	maxWords = 63 // of a segment, whose head is one byte
	minWords = 2  // or it does not pay
)

const ones = 0x0101010101010101

// digitsOf are the numbers of eight characters, a byte each.
func digitsOf(w uint64) uint64 {
	space := ^(w >> 4) & ^(w >> 3) & ones // neither '0' to '9' nor ',' to '.'
	return w&(0xf*ones) | space*0xf
}

// squeezeDigits makes four bytes of eight numbers of four bits.
func squeezeDigits(n uint64) uint32 {
	n = (n | n>>4) & 0x00ff00ff00ff00ff
	n = (n | n>>8) & 0x0000ffff0000ffff
	return uint32(n | n>>16)
}

// unpackDigits makes characters of eight numbers of four bits, a byte each.
func unpackDigits(n uint64) uint64 {
	sign := n >> 3 & (n >> 2) & ones // 12 and more
	space := sign & (n >> 1) & n
	return 0x30*ones - sign<<4 | n&^(space*0xf)
}

// spreadDigits is the other way of squeezeDigits.
func spreadDigits(packed uint32) uint64 {
	n := uint64(packed)
	n = (n | n<<16) & 0x0000ffff0000ffff
	n = (n | n<<8) & 0x00ff00ff00ff00ff
	return (n | n<<4) & 0x0f0f0f0f0f0f0f0f
}

// appendDigits appends a text.
func appendDigits(dst, text []byte) []byte {
	for at := 0; at+8*minWords <= len(text); {
		w, v := binary.LittleEndian.Uint64(text[at:]), binary.LittleEndian.Uint64(text[at+8:])
		n, m := digitsOf(w), digitsOf(v)
		if differ := unpackDigits(m) ^ v; differ != 0 {
			at += 16 - bits.LeadingZeros64(differ)/8 // behind the last character that cannot be packed
			continue
		}
		if differ := unpackDigits(n) ^ w; differ != 0 {
			at += 8 - bits.LeadingZeros64(differ)/8
			continue
		}
		var words int
		dst, words = appendWords(appendPlainText(dst, text[:at]), text[at:], twoWords(n, m))
		text, at = text[at+8*words:], 0
	}
	return append(appendPlainText(dst, text), 0)
}

// twoWords makes eight bytes of the numbers of two times eight characters.
func twoWords(n, m uint64) uint64 { return uint64(squeezeDigits(n)) | uint64(squeezeDigits(m))<<32 }

func appendPlainText(dst, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	return append(binary.AppendUvarint(dst, uint64(len(text))<<1), text...)
}

// appendWords appends the characters that text begins with as a segment, of which the
// first two words are known, and returns how many times eight they were.
func appendWords(dst, text []byte, first uint64) ([]byte, int) {
	most := min(maxWords, len(text)/8)
	dst = slices.Grow(dst, 1+4*most)
	segment := dst[len(dst) : len(dst)+1+4*most]
	words, out := minWords, segment[1:]
	binary.LittleEndian.PutUint64(out, first)
	for ; words+1 < most; words += 2 {
		w, v := binary.LittleEndian.Uint64(text[8*words:]), binary.LittleEndian.Uint64(text[8*words+8:])
		n, m := digitsOf(w), digitsOf(v)
		if (unpackDigits(n)^w)|(unpackDigits(m)^v) != 0 {
			break
		}
		binary.LittleEndian.PutUint64(out[4*words:], twoWords(n, m))
	}
	if words < most {
		w := binary.LittleEndian.Uint64(text[8*words:])
		if n := digitsOf(w); unpackDigits(n) == w {
			binary.LittleEndian.PutUint32(out[4*words:], squeezeDigits(n))
			words++
		}
	}
	segment[0] = byte(words<<1 | 1)
	return dst[:len(dst)+1+4*words], words
}

// digits reads a text, which it appends.
func (c *cursor) digits(dst []byte) []byte {
	for {
		head := c.number()
		switch {
		case head == 0:
			return dst
		case head&1 == 0:
			if head>>1 > uint64(len(c.rest)) {
				c.fail()
				return dst
			}
			dst = append(dst, c.take(int(head>>1))...)
		case head>>1 > maxWords:
			c.fail()
			return dst
		default:
			packed := c.take(4 * int(head>>1))
			for ; len(packed) > 0; packed = packed[4:] {
				dst = binary.LittleEndian.AppendUint64(dst, unpackDigits(spreadDigits(binary.LittleEndian.Uint32(packed))))
			}
		}
	}
}
