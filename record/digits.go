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
		if next := otherIn(text[at : at+8*minWords]); next > 0 {
			at += next
			continue
		}
		var words int
		dst, words = appendWords(appendPlainText(dst, text[:at]), text[at:])
		text, at = text[at+8*words:], 0
	}
	return append(appendPlainText(dst, text), 0)
}

// otherIn is what comes behind the last character of some words that cannot be packed;
// 0 if all can.
func otherIn(words []byte) int {
	for end := len(words); end > 0; end -= 8 {
		w := binary.LittleEndian.Uint64(words[end-8:])
		if differ := unpackDigits(digitsOf(w)) ^ w; differ != 0 {
			return end - bits.LeadingZeros64(differ)/8
		}
	}
	return 0
}

func appendPlainText(dst, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	return append(binary.AppendUvarint(dst, uint64(len(text))<<1), text...)
}

// appendWords appends the characters that text begins with as a segment, and returns
// how many times eight they were.
func appendWords(dst, text []byte) ([]byte, int) {
	most := min(maxWords, len(text)/8)
	dst = slices.Grow(dst, 1+4*most)
	segment := dst[len(dst) : len(dst)+1+4*most]
	words, out := 0, segment[1:]
	for ; words < most; words++ {
		w := binary.LittleEndian.Uint64(text[8*words:])
		n := digitsOf(w)
		if unpackDigits(n) != w {
			break
		}
		binary.LittleEndian.PutUint32(out[4*words:], squeezeDigits(n))
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
