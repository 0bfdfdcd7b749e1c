package jsontext

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pixels is the number of elements of a 1x3x224x224 tensor.
const pixels = 3 * 224 * 224

// image returns standard normal values, as a normalised picture has.
func image() []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	vs := make([]float32, pixels)
	for i := range vs {
		vs[i] = float32(r.NormFloat64())
	}
	return vs
}

func shortText() []byte {
	dst := []byte{'['}
	for i, v := range image() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendFloat(dst, float64(v), 'g', -1, 32)
	}
	return append(dst, ']')
}

// longText is what Python's json module makes of the values widened to float64.
func longText() []byte {
	r := rand.New(rand.NewPCG(3, 4))
	dst := []byte{'['}
	for i := range pixels {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = strconv.AppendFloat(dst, r.NormFloat64(), 'g', 17, 64)
	}
	return append(dst, ']')
}

// contest measures ours against theirs, which do the same work on the given
// number of bytes: turn by turn in one process, in processor time, and the
// median of the turns' ratios, so that a busy machine slows both.
func contest(b *testing.B, name string, size int, ours, theirs func()) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		var ratios, speeds []float64
		for b.Loop() {
			t0 := cpuTime()
			ours()
			t1 := cpuTime()
			theirs()
			t2 := cpuTime()
			ratios = append(ratios, float64(t2-t1)/float64(t1-t0))
			speeds = append(speeds, float64(size)/1e6/(t1-t0).Seconds())
		}
		b.ReportMetric(median(ratios), "x-faster")
		b.ReportMetric(median(speeds), "MB/s-cpu")
	})
}

func median(vs []float64) float64 {
	slices.Sort(vs)
	return vs[len(vs)/2]
}

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name string
		text []byte
	}{{"shortest", shortText()}, {"17digits", longText()}} {
		f32, f64, d := make([]float32, 0, pixels), make([]float64, 0, pixels), new(Dims)
		read32 := func() {
			l := Lexer{Data: c.text}
			if _, err := l.Float32s(f32, d); err != nil {
				b.Fatal(err)
			}
		}
		contest(b, c.name+"/float32/vs-encoding-json", len(c.text), read32, func() {
			if err := json.Unmarshal(c.text, &f32); err != nil {
				b.Fatal(err)
			}
		})
		contest(b, c.name+"/float64/vs-encoding-json", len(c.text), func() {
			l := Lexer{Data: c.text}
			if _, err := l.Float64s(f64, d); err != nil {
				b.Fatal(err)
			}
		}, func() {
			if err := json.Unmarshal(c.text, &f64); err != nil {
				b.Fatal(err)
			}
		})
		toks := strings.Split(strings.Trim(string(c.text), "[] "), ",")
		for i := range toks {
			toks[i] = strings.TrimSpace(toks[i])
		}
		contest(b, c.name+"/float32/vs-strconv-on-split-text", len(c.text), read32, func() {
			for _, tok := range toks {
				if _, err := strconv.ParseFloat(tok, 32); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	vs32 := image()
	vs64 := make([]float64, pixels)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range vs64 {
		vs64[i] = r.NormFloat64()
	}
	dst := make([]byte, 0, 32*pixels)
	contest(b, "float32/vs-strconv", len(AppendFloat32s(dst, vs32)), func() { AppendFloat32s(dst, vs32) }, func() {
		out := dst
		for _, v := range vs32 {
			out = strconv.AppendFloat(out, float64(v), 'g', -1, 32)
			out = append(out, ',')
		}
	})
	contest(b, "float64/vs-strconv", len(AppendFloat64s(dst, vs64)), func() { AppendFloat64s(dst, vs64) }, func() {
		out := dst
		for _, v := range vs64 {
			out = strconv.AppendFloat(out, v, 'g', -1, 64)
			out = append(out, ',')
		}
	})
}
