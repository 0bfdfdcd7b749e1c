package cli

import (
	"fmt"
	"math"
	"testing"
)

func TestMapping(t *testing.T) {
	const from, to = uintptr(math.MaxUint - 0xffffff), uintptr(math.MaxUint - 0xffff)
	var m mapping
	for _, tt := range []struct {
		line string
		want mapping
		ok   bool
	}{
		{"00400000-01a5b000 r-xp 00000000 fe:00 1234                       /opt/leat", mapping{0x400000, 0x1a5b000, "r-xp", "/opt/leat"}, true},
		{fmt.Sprintf("%x-%x rw-p 00000000 00:00 0 ", from, to), mapping{from, to, "rw-p", ""}, true},
		{"Rss:                 492 kB", mapping{from, to, "rw-p", ""}, false},
		{"VmFlags: rd ex mr mw me", mapping{from, to, "rw-p", ""}, false},
	} {
		if ok := m.parse(tt.line); ok != tt.ok || m != tt.want {
			t.Errorf("%q: %v %+v, want %v %+v", tt.line, ok, m, tt.ok, tt.want)
		}
	}
}

// TestTrimmedProgramRuns: what is given back comes back.
func TestTrimmedProgramRuns(t *testing.T) {
	for range 3 {
		trimProgram()
		TestMapping(t)
	}
}
