package parquet_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"

	"github.com/leat-ml/leat/profile"
	"github.com/leat-ml/leat/profile/parquet"
)

type row struct {
	I    int64     `parquet:"i"`
	S    int32     `parquet:"s"`
	F    float64   `parquet:"f"`
	G    *float32  `parquet:"g,optional"`
	B    bool      `parquet:"b"`
	O    *bool     `parquet:"o,optional"`
	N    *int64    `parquet:"n,optional"`
	T    string    `parquet:"t,dict"`
	At   time.Time `parquet:"at,timestamp"`
	List []int64   `parquet:"list,list"`
}

func file(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pq.NewGenericWriter[row](&b, pq.Compression(&pq.Snappy), pq.MaxRowsPerRowGroup(700))
	for i := range n {
		g, yes, whole := float32(i)/2, i%2 == 0, int64(i)
		r := row{I: whole, S: int32(i), F: float64(i) / 4, G: &g, B: yes, O: &yes, N: &whole, T: string(rune('a' + i%3)), At: time.Unix(int64(i), 0), List: []int64{1, 2}}
		if i%5 == 0 {
			r.G, r.O, r.N, r.F = nil, nil, nil, math.NaN()
		}
		if _, err := w.Write([]row{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	const n = 2000
	data := file(t, n)
	table, err := parquet.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range table.Columns {
		got = append(got, c.Name+":"+c.Type)
		if c.Numeric() && len(c.Values) != n {
			t.Errorf("%s has %d values", c.Name, len(c.Values))
		}
	}
	slices.Sort(got)
	if want := "at:datetime b:bool f:float g:float32 i:int n:float o:str s:int32 t:str"; strings.Join(got, " ") != want || table.Rows != n {
		t.Errorf("%d rows, columns %v, want %s", table.Rows, got, want)
	}
	if c := table.Column("i"); c.Values[1999] != 1999 || c.Missing != 0 {
		t.Errorf("i ends with %v", c.Values[1999])
	}
	if c := table.Column("n"); c.Missing != n/5 || !math.IsNaN(c.Values[5]) || c.Values[6] != 6 {
		t.Errorf("n: %d missing, %v", c.Missing, c.Values[5:7])
	}
	if c := table.Column("f"); c.Missing != n/5 || c.Values[6] != 1.5 {
		t.Errorf("f: %d missing, %v", c.Missing, c.Values[6])
	}
	if c := table.Column("o"); c.Missing != n/5 || c.Counts["True"] != 800 || c.Counts["False"] != 800 {
		t.Errorf("o: %d missing, %v", c.Missing, c.Counts)
	}
	if c := table.Column("t"); c.Counts["a"] != 667 || c.Counts["c"] != 666 {
		t.Errorf("t: %v", c.Counts)
	}
	if s := profile.New(table, profile.Source{}, nil); len(s.Features) != 9 {
		t.Errorf("%d features", len(s.Features))
	}
}

func TestDamaged(t *testing.T) {
	data := file(t, 200)
	for n := 0; n < len(data); n += 97 {
		if _, err := parquet.Read(bytes.NewReader(data[:n]), int64(n)); err == nil {
			t.Errorf("%d bytes of %d are no error", n, len(data))
		}
	}
	for i := 0; i < len(data); i += 5 { // whatever it says, it does not panic
		damaged := bytes.Clone(data)
		damaged[i] ^= 0x55
		_, _ = parquet.Read(bytes.NewReader(damaged), int64(len(damaged)))
	}
}
