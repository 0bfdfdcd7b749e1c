package serve

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestHexDigits(t *testing.T) {
	check := func(v uint32) {
		t.Helper()
		x := hexDigits(v)
		var text [8]byte
		for i := range text {
			text[i] = byte(x >> (56 - 8*i))
		}
		if want := fmt.Sprintf("%08x", v); string(text[:]) != want {
			t.Fatalf("%s, want %s", text, want)
		}
	}
	for nibble := range uint32(16) {
		check(nibble * 0x11111111)
	}
	for range 10000 {
		check(rand.Uint32())
	}
}
