package featuretest

import (
	"strconv"
	"testing" //nolint:depguard // it is for tests

	"github.com/leat-ml/leat/feature"
)

// Bench measures a source of [Customers]: how long a lookup of one key and of a
// hundred takes, and how many keys a second that is.
func Bench(b *testing.B, s feature.Source) {
	s = started(b, s)
	for _, n := range []int{1, 100} {
		keys := make([]feature.Key, n)
		for i := range keys {
			keys[i] = feature.Key{strconv.Itoa(7 + i%3)}
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Lookup(b.Context(), keys); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}
