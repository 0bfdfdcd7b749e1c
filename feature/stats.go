package feature

import "math"

// Stats are the statistics of a column, over the values that are not missing.
// Where there are too few values they are NaN.
type Stats struct {
	Count               int
	Mean, Min, Max, Std float64 // Std is that of a sample, as pandas has it
}

// statistics computes those of the values that are not NaN, in two passes.
func statistics(v []float64) Stats {
	s := Stats{Mean: math.NaN(), Min: math.NaN(), Max: math.NaN(), Std: math.NaN()}
	sum := 0.0
	for _, x := range v {
		if math.IsNaN(x) {
			continue
		}
		if s.Count++; s.Count == 1 {
			s.Min, s.Max = x, x
		}
		s.Min, s.Max = min(s.Min, x), max(s.Max, x)
		sum += x
	}
	if s.Count == 0 {
		return s
	}
	s.Mean = sum / float64(s.Count)
	if s.Count == 1 {
		return s
	}
	squares := 0.0
	for _, x := range v {
		if !math.IsNaN(x) {
			squares += (x - s.Mean) * (x - s.Mean)
		}
	}
	s.Std = math.Sqrt(squares / float64(s.Count-1))
	return s
}
