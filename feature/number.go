package feature

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Number reads text as a number: int64 if it is whole and fits, else float64, and
// nil, for a missing value, if it is NaN or infinite. It takes decimal digits
// only.
func Number(text string) (v any, ok bool) {
	if strings.ContainsAny(text, "xXpP_") {
		return nil, false
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, false
	}
	return finite(f), true
}

// finite is a number, or nil for what counts as missing.
func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

// Time is a time as Python's str writes it, which is what MLRun makes of it:
// seconds, microseconds where there are any, and the offset where it has a zone.
func Time(t time.Time, zone bool) string {
	layout := "2006-01-02 15:04:05"
	if t.Nanosecond() >= 1000 {
		layout += ".000000"
	}
	if zone {
		layout += "-07:00"
	}
	return t.Format(layout)
}

// isWhole says that text is a whole number as this package writes keys.
func isWhole(text string) bool {
	i, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(i, 10) == text
}
