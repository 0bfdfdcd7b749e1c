package awake

import (
	"testing"
	"time"
)

func TestRhythm(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	came := func(r *rhythm, n int, gap time.Duration) {
		for range n {
			r.came(gap, longest)
		}
	}
	for _, test := range []struct {
		name string
		do   func(r *rhythm)
		at   time.Duration
		want bool
	}{
		{"nothing came", func(*rhythm) {}, ms, false},
		{"three came soon", func(r *rhythm) { came(r, 3, 50*us) }, ms, false},
		{"four came soon", func(r *rhythm) { came(r, 4, longest) }, ms, true},
		{"the last came late", func(r *rhythm) { came(r, 40, 50*us); came(r, 1, longest+1) }, ms, false},
		{"a wait in vain", func(r *rhythm) { came(r, 4, 50*us); r.lost(ms) }, 3 * ms, false},
		{"within the rest", func(r *rhythm) { came(r, 4, 50*us); r.lost(ms); came(r, 4, 50*us) }, 2*ms - 1, false},
		{"behind the rest", func(r *rhythm) { came(r, 4, 50*us); r.lost(ms); came(r, 4, 50*us) }, 2 * ms, true},
		{"the rest doubles", func(r *rhythm) { r.lost(ms); r.lost(2 * ms); came(r, 4, 50*us) }, 4*ms - 1, false},
		{"up to a second", func(r *rhythm) {
			for range 100 {
				r.lost(ms)
			}
			came(r, 4, 50*us)
		}, ms + time.Second, true},
		{"failures are forgotten", func(r *rhythm) {
			for range 100 {
				r.lost(ms)
			}
			came(r, forgiven, 50*us)
			r.lost(5 * time.Second)
			came(r, 4, 50*us)
		}, 5*time.Second + restFrom, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r rhythm
			test.do(&r)
			if got := r.quick(test.at); got != test.want {
				t.Errorf("quick is %v, want %v: %+v", got, test.want, r)
			}
		})
	}
}
