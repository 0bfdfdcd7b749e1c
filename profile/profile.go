package profile

import (
	"math"
	"slices"
	"strconv"
)

// Version is the form of profiles that this package makes.
const Version = "profile.v1"

const (
	fineBins      = 64  // between quantiles of the data
	topCategories = 128 // that are counted one by one
	fewIntegers   = 20  // that are categories, as texts are
)

// A Profile is what drift is measured against. Everything in it is a count or
// follows from counts, so that what comes later can be counted the same way.
type Profile struct {
	Version  string    `json:"version"`
	Rows     int       `json:"rows"`
	Source   Source    `json:"source"`
	Labels   []string  `json:"labels,omitempty"` // the columns that are predicted
	Features []Feature `json:"features"`         // all columns, in their order
}

// A Source is the data that a profile was made of.
type Source struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// A Feature is what one column is like.
type Feature struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Treatment is "numeric" or "categorical": texts, truth values, and integers of
	// which there are few.
	Treatment  string      `json:"treatment"`
	Count      int64       `json:"count"` // rows with a finite value, or with a text
	Missing    int64       `json:"missing"`
	NonFinite  int64       `json:"nonfinite"`
	Distinct   int64       `json:"distinct"`
	Moments    *Moments    `json:"moments,omitempty"`    // of numbers
	Hist       *Hist       `json:"hist,omitempty"`       // MLRun's bins
	Fine       *Hist       `json:"fine,omitempty"`       // bins between quantiles
	Categories *Categories `json:"categories,omitempty"` // if they are the treatment
}

// Moments are those of the finite values. M2 is the sum of the squared distances
// from the mean, so that moments of parts can be put together.
type Moments struct {
	Mean float64 `json:"mean"`
	M2   float64 `json:"m2"`
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
}

// A Hist counts values between edges. A bin has its left edge, and the last one
// both. Below and Above are the counts outside, of which the reference has none.
type Hist struct {
	Edges  []float64 `json:"edges"`
	Counts []int64   `json:"counts"`
	Below  int64     `json:"below"`
	Above  int64     `json:"above"`
}

// Categories count texts, the most frequent first, and the rest together.
type Categories struct {
	Top   []Category `json:"top"`
	Other int64      `json:"other"`
}

// A Category is a text, or a number as it is written, and how often it is there.
type Category struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// New makes the profile of a table, in which the labels are columns.
func New(t *Table, source Source, labels []string) *Profile {
	p := &Profile{Version: Version, Rows: t.Rows, Source: source, Labels: labels, Features: []Feature{}}
	for i := range t.Columns {
		p.Features = append(p.Features, t.Columns[i].feature())
	}
	return p
}

func (c *Column) feature() Feature {
	f := Feature{Name: c.Name, Type: c.Type, Treatment: "numeric", Missing: c.Missing}
	if !c.Numeric() {
		f.categorical(c.Counts)
		return f
	}
	sorted, infinite := c.finite()
	f.Count, f.NonFinite = int64(len(sorted)), infinite
	if len(sorted) == 0 {
		return f
	}
	m := momentsOf(sorted)
	f.Moments = &Moments{m.mean, m.m2, sorted[0], sorted[len(sorted)-1]}
	if d := m.mean + m.m2; math.IsInf(d, 0) || math.IsNaN(d) { // JSON has no such numbers
		f.Moments = nil
	}
	if h := equalWidth(sorted, Bins); h != nil {
		f.Hist = &Hist{Edges: h.Edges, Counts: h.Counts}
	}
	f.Fine = fine(sorted)
	f.Distinct = distinct(sorted)
	if c.Type == Bool || f.Distinct <= fewIntegers && whole(sorted) {
		f.categorical(spelt(sorted))
	}
	return f
}

// categorical counts texts.
func (f *Feature) categorical(counts map[string]int64) {
	f.Treatment, f.Distinct, f.Count = "categorical", int64(len(counts)), 0
	f.Categories = &Categories{Top: []Category{}}
	for i, c := range most(counts) {
		f.Count += c.n
		if i < topCategories {
			f.Categories.Top = append(f.Categories.Top, Category{c.value, c.n})
			continue
		}
		f.Categories.Other += c.n
	}
}

// fine counts sorted values between their quantiles: of those that are equal one.
func fine(sorted []float64) *Hist {
	edges := make([]float64, fineBins+1)
	for i := range edges {
		edges[i] = quantile(sorted, float64(i)/fineBins)
	}
	edges = slices.Compact(edges)
	if len(edges) == 1 {
		edges = append(edges, edges[0])
	}
	h := &Histogram{Counts: make([]int64, len(edges)-1), Edges: edges}
	h.fill(sorted)
	return &Hist{Edges: h.Edges, Counts: h.Counts}
}

func distinct(sorted []float64) (n int64) {
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			n++
		}
	}
	return n
}

func whole(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return v != math.Trunc(v) })
}

// spelt counts numbers as they are written.
func spelt(values []float64) map[string]int64 {
	all := map[string]int64{}
	for _, v := range values {
		all[strconv.FormatFloat(v, 'f', -1, 64)]++
	}
	return all
}
