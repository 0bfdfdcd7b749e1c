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

// BenchmarkReadOther has the readers that BenchmarkRead has not.
func BenchmarkReadOther(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	bytes, longs, rows, tiny := []byte("[0"), []byte("[0"), []byte("[[0.1,2,3.5,4]"), []byte("[0")
	for range pixels {
		bytes = strconv.AppendInt(append(bytes, ','), int64(r.IntN(256)), 10)
		tiny = AppendFloat64(append(tiny, ','), r.NormFloat64()*1e-8)
		longs = strconv.AppendInt(append(longs, ','), r.Int64()>>r.IntN(50), 10)
	}
	for range pixels / 4 {
		rows = append(AppendFloat32s(append(rows, ",["...), image4(r)), ']')
	}
	bytes, longs, rows, tiny = append(bytes, ']'), append(longs, ']'), append(rows, ']'), append(tiny, ']')
	d := new(Dims)
	u8, i64 := make([]uint8, 0, pixels+1), make([]int64, 0, pixels+1)
	contest(b, "uint8/vs-encoding-json", len(bytes), func() {
		l := Lexer{Data: bytes}
		if _, err := Ints(&l, u8, d); err != nil {
			b.Fatal(err)
		}
	}, func() {
		var theirs []uint16 // encoding/json takes []uint8 for base64
		if err := json.Unmarshal(bytes, &theirs); err != nil {
			b.Fatal(err)
		}
	})
	contest(b, "int64/vs-encoding-json", len(longs), func() {
		l := Lexer{Data: longs}
		if _, err := l.Int64s(i64, d); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if err := json.Unmarshal(longs, &i64); err != nil {
			b.Fatal(err)
		}
	})
	f64 := make([]float64, 0, pixels+1)
	contest(b, "float64-with-exponents/vs-encoding-json", len(tiny), func() {
		l := Lexer{Data: tiny}
		if _, err := l.Float64s(f64, d); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if err := json.Unmarshal(tiny, &f64); err != nil {
			b.Fatal(err)
		}
	})
	var n Numeric
	contest(b, "rows-of-4-untyped/vs-encoding-json", len(rows), func() {
		l := Lexer{Data: rows}
		if !l.Numbers(&n) {
			b.Fatal("not numeric")
		}
	}, func() {
		var theirs [][]float64
		if err := json.Unmarshal(rows, &theirs); err != nil {
			b.Fatal(err)
		}
	})
	contest(b, "skip/vs-json.Valid", len(rows), func() {
		l := Lexer{Data: rows}
		if err := l.Skip(); err != nil {
			b.Fatal(err)
		}
	}, func() { json.Valid(rows) })
}

func image4(r *rand.Rand) []float32 {
	return []float32{float32(r.NormFloat64()), float32(r.IntN(100)), float32(r.Float64()), 0.5}
}

// BenchmarkOneRow reads and writes one short tensor, as most requests have.
func BenchmarkOneRow(b *testing.B) {
	const times = 2000
	text := []byte(`[[5.1,3.5,1.4,0.2]],"outputs":[{"name":"y"}]}`)
	f32, d, n := make([]float32, 0, 4), new(Dims), new(Numeric)
	var theirs [][]float32
	unmarshal := func() {
		for range times {
			if err := json.Unmarshal(text[:19], &theirs); err != nil {
				b.Fatal(err)
			}
		}
	}
	contest(b, "Float32s/vs-encoding-json", times*19, func() {
		for range times {
			l := Lexer{Data: text}
			if _, err := l.Float32s(f32, d); err != nil {
				b.Fatal(err)
			}
		}
	}, unmarshal)
	contest(b, "Numbers/vs-encoding-json", times*19, func() {
		for range times {
			l := Lexer{Data: text}
			if !l.Numbers(n) {
				b.Fatal("not numeric")
			}
		}
	}, unmarshal)
	dst, vs := make([]byte, 0, 100), []float32{5.1, 3.5, 1.4, 0.2}
	contest(b, "AppendFloat32s/vs-encoding-json", times*15, func() {
		for range times {
			AppendFloat32s(dst, vs)
		}
	}, func() {
		for range times {
			if _, err := json.Marshal(vs); err != nil {
				b.Fatal(err)
			}
		}
	})
}
