package jsontext

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
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

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name string
		text []byte
	}{{"short", shortText()}, {"17digits", longText()}} {
		b.Run(c.name+"/float32", func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			dst, d := make([]float32, 0, pixels), new(Dims)
			for b.Loop() {
				l := Lexer{Data: c.text}
				if _, err := l.Float32s(dst, d); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/encoding-json-float32", func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			dst := make([]float32, 0, pixels)
			for b.Loop() {
				if err := json.Unmarshal(c.text, &dst); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/strconv-float32", func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			var toks []string
			l := Lexer{Data: c.text}
			for more, err := l.ArrayStart(); more; more, err = l.ArrayNext() {
				tok, _, _ := l.Number()
				toks = append(toks, string(tok))
				_ = err
			}
			for b.Loop() {
				for _, tok := range toks {
					if _, err := strconv.ParseFloat(tok, 32); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	vs := image()
	dst := make([]byte, 0, 32*pixels)
	b.Run("float32", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.SetBytes(int64(len(AppendFloat32s(dst, vs))))
		}
	})
	b.Run("strconv-float32", func(b *testing.B) {
		for b.Loop() {
			out := dst
			for _, v := range vs {
				out = strconv.AppendFloat(out, float64(v), 'g', -1, 32)
				out = append(out, ',')
			}
			b.SetBytes(int64(len(out)))
		}
	})
}
