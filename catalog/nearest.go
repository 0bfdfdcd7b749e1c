package catalog

import (
	"slices"
	"strings"
)

// Nearest returns up to three of the names that resemble word, the likeliest
// first: what an error suggests for a word that was mistyped.
func Nearest(word string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var close []candidate
	for _, name := range names {
		limit := 1 + max(len(word), len(name))/4
		d := distance(strings.ToLower(word), strings.ToLower(name), limit)
		if d <= limit {
			close = append(close, candidate{name, d})
		}
	}
	slices.SortFunc(close, func(a, b candidate) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, c := range close[:min(3, len(close))] {
		out = append(out, c.name)
	}
	return out
}

// distance is the Levenshtein distance of a and b in bytes, or limit+1 if it is
// larger than limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > 256 || len(b) > 256 {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit+1)
}
