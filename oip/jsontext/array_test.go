package jsontext

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestDims(t *testing.T) {
	for _, c := range []struct {
		text   string
		shape  []int
		ragged bool
	}{
		{`[]`, []int{0}, false},
		{`[1]`, []int{1}, false},
		{` [ 1 , 2 ] `, []int{2}, false},
		{`[[1,2,3],[4,5,6]]`, []int{2, 3}, false},
		{`[ [ 1 ] , [ 2 ] , [ 3 ] ]`, []int{3, 1}, false},
		{`[[[1,2]],[[3,4]]]`, []int{2, 1, 2}, false},
		{`[[]]`, []int{1, 0}, false},
		{`[[],[]]`, []int{2, 0}, false},
		{`[[[],[]],[[],[]]]`, []int{2, 2, 0}, false},
		{`[[1],[2,3]]`, nil, true},
		{`[[1,2],[3]]`, nil, true},
		{`[1,[2]]`, nil, true},
		{`[[1],2]`, nil, true},
		{`[[],[1]]`, nil, true},
		{`[[1],[]]`, nil, true},
		{`[[[]],[]]`, nil, true},
		{`[[],[[]]]`, nil, true},
		{`[[[1]],[1]]`, nil, true},
		{`[[1],[[1]]]`, nil, true},
		{`[[[]],[1]]`, nil, true},
		{`[[1],[[]]]`, nil, true},
		{`[[[1,2],[3,4]],[[5,6]]]`, nil, true},
	} {
		l, d := Lexer{Data: []byte(c.text)}, Dims{Shape: []int{7, 7}, Ragged: true, Null: true}
		vs, err := l.Float32s(nil, &d)
		if err != nil || l.End() != nil {
			t.Errorf("%s: %v, %v", c.text, err, l.End())
			continue
		}
		if !slices.Equal(d.Shape, c.shape) || d.Ragged != c.ragged || d.Null {
			t.Errorf("%s: shape %v, ragged %t, null %t", c.text, d.Shape, d.Ragged, d.Null)
		}
		for i, v := range vs {
			if v != float32(i+1) && !c.ragged {
				t.Errorf("%s: element %d is %v", c.text, i, v)
			}
		}
		if want := strings.Count(c.text, ",") + 1; c.ragged && len(vs) > want {
			t.Errorf("%s: %d elements", c.text, len(vs))
		}
	}
}

// TestArrayErrors has a reader's name, an array, and the error.
func TestArrayErrors(t *testing.T) {
	readers := map[string]func(l *Lexer, d *Dims) error{
		"FP32":   func(l *Lexer, d *Dims) error { _, err := l.Float32s(make([]float32, 9), d); return err },
		"FP64":   func(l *Lexer, d *Dims) error { _, err := l.Float64s(make([]float64, 9), d); return err },
		"INT8":   func(l *Lexer, d *Dims) error { _, err := Ints(l, make([]int8, 9), d); return err },
		"INT64":  func(l *Lexer, d *Dims) error { _, err := l.Int64s(make([]int64, 9), d); return err },
		"UINT8":  func(l *Lexer, d *Dims) error { _, err := Ints(l, make([]uint8, 9), d); return err },
		"UINT16": func(l *Lexer, d *Dims) error { _, err := Ints(l, make([]uint16, 9), d); return err },
		"UINT64": func(l *Lexer, d *Dims) error { _, err := l.Uint64s(make([]uint64, 9), d); return err },
		"BOOL":   func(l *Lexer, d *Dims) error { _, err := l.Bools(make([]bool, 9), d); return err },
		"BYTES":  func(l *Lexer, d *Dims) error { _, err := l.Strings(make([]string, 9), d); return err },
	}
	for _, c := range []struct{ datatype, text, want string }{
		{"FP32", `[1,2,1e39]`, "element 2 is 1e39, out of range for FP32"},
		{"FP32", `[3.4028236e38]`, "element 0 is 3.4028236e38, out of range for FP32"},
		{"FP64", `[-1e309]`, "element 0 is -1e309, out of range for FP64"},
		{"FP32", `[1,"2"]`, `element 1 is "2", not a number`},
		{"FP32", `[true]`, "element 0 is true, not a number"},
		{"FP32", "[1,\"" + strings.Repeat("č", 30) + "\"]", "element 1 is \"" + strings.Repeat("č", 19) + "..., not a number"},
		{"FP32", `[č]`, "at byte 1: expected a value, found 'č'"},
		{"FP32", `[{"a":1}]`, `element 0 is {"a":1}, not a number`},
		{"FP64", `[NaN]`, "at byte 1: expected a value, found 'N'"},
		{"FP64", `[1.5,-Infinity]`, "at byte 6: expected a digit after '-', found 'I'"},
		{"FP64", `[nul]`, "at byte 1: expected null, found 'n'"},
		{"FP32", `[1.5.2]`, "at byte 4: expected ',' or ']' after array element, found '.'"},
		{"FP32", `[01]`, "at byte 2: expected ',' or ']' after array element, found '1'"},
		{"FP32", `[00.5]`, "at byte 2: expected ',' or ']' after array element, found '0'"},
		{"FP32", `[-012]`, "at byte 3: expected ',' or ']' after array element, found '1'"},
		{"FP32", `[1.e5]`, "at byte 3: expected a digit after '.', found 'e'"},
		{"FP32", `[1e]`, "at byte 3: expected a digit in the exponent, found ']'"},
		{"FP32", `[1.5e+]`, "at byte 6: expected a digit in the exponent, found ']'"},
		{"INT64", `[01]`, "at byte 2: expected ',' or ']' after array element, found '1'"},
		{"INT64", `[1,-00]`, "at byte 5: expected ',' or ']' after array element, found '0'"},
		{"INT64", `[1.5e1]`, "element 0 is 1.5e1, not an integer"},
		{"INT64", `[7,10e0]`, "element 1 is 10e0, not an integer"},
		{"FP32", `[1,]`, "at byte 3: expected a value, found ']'"},
		{"FP32", `[,1]`, "at byte 1: expected a value, found ','"},
		{"FP32", `[[1],]`, "at byte 5: expected a value, found ']'"},
		{"FP32", `[[1][2]]`, "at byte 4: expected ',' or ']' after array element, found '['"},
		{"FP32", `[1`, "at byte 2: expected ',' or ']' after array element, found the end"},
		{"FP32", `[1,`, "at byte 3: expected a value, found the end"},
		{"FP32", `[`, "at byte 1: expected a value, found the end"},
		{"FP32", `1`, "at byte 0: expected '[', found '1'"},
		{"FP32", ``, "at byte 0: expected '[', found the end"},
		{"INT64", `[1,2,3,1.5]`, "element 3 is 1.5, not an integer"},
		{"INT64", `[1.0]`, "element 0 is 1.0, not an integer"},
		{"INT64", `[[1,2],[3,1e3]]`, "element 3 is 1e3, not an integer"},
		{"INT64", `[9223372036854775808]`, "element 0 is 9223372036854775808, out of range for INT64"},
		{"INT64", `[null]`, "element 0 is null, not an integer"},
		{"INT64", `["1"]`, `element 0 is "1", not an integer`},
		{"INT64", `[-]`, "at byte 2: expected a digit after '-', found ']'"},
		{"INT8", `[300]`, "element 0 is 300, out of range for INT8"},
		{"INT8", `[127,-128,-129]`, "element 2 is -129, out of range for INT8"},
		{"UINT8", `[0,-0,255,-1]`, "element 3 is -1, out of range for UINT8"},
		{"UINT16", `[65535, 65536]`, "element 1 is 65536, out of range for UINT16"},
		{"UINT64", `[18446744073709551615,18446744073709551616]`, "element 1 is 18446744073709551616, out of range for UINT64"},
		{"UINT64", `[1` + strings.Repeat("0", 60) + `]`, "element 0 is 1" + strings.Repeat("0", 39) + "..., out of range"},
		{"BOOL", `[true,false,1,0,2]`, "element 4 is 2, not a boolean"},
		{"BOOL", `[null]`, "element 0 is null, not a boolean"},
		{"BOOL", `[1.0]`, "element 0 is 1.0, not a boolean"},
		{"BOOL", `["true"]`, `element 0 is "true", not a boolean`},
		{"BOOL", `[truE]`, "at byte 1: expected true, found 't'"},
		{"BYTES", `["a",1]`, "element 1 is 1, not a string"},
		{"BYTES", `[["a"],[null]]`, "element 1 is null, not a string"},
		{"BYTES", `["a" "b"]`, "at byte 5: expected ',' or ']' after array element"},
		{"BYTES", "[\"\xff\"]", "at byte 2: string is not valid UTF-8"},
	} {
		for _, more := range []string{"", strings.Repeat(" ", 60)} { // near and far from the end
			if more != "" && strings.Contains(c.want, "found the end") {
				continue
			}
			l := Lexer{Data: []byte(c.text + more)}
			err := readers[c.datatype](&l, new(Dims))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %s: error %v, want %q", c.datatype, l.Data, err, c.want)
			}
			var element *ElementError
			if strings.HasPrefix(c.want, "element") && !errors.As(err, &element) {
				t.Errorf("%s: %T is no ElementError", c.text, err)
			}
		}
	}
}

func TestNullAndNaN(t *testing.T) {
	const text = `[null, NaN, Infinity, -Infinity, -0, -0.0, 1]`
	l, d := Lexer{Data: []byte(text), AllowNaN: true}, Dims{}
	f64, err := l.Float64s(nil, &d)
	if err != nil || fmt.Sprint(f64) != "[NaN NaN +Inf -Inf -0 -0 1]" || !d.Null {
		t.Errorf("Float64s: %v, null %t, %v", f64, d.Null, err)
	}
	l.Pos = 0
	f32, err := l.Float32s(nil, &d)
	if err != nil || fmt.Sprint(f32) != "[NaN NaN +Inf -Inf -0 -0 1]" || !d.Null {
		t.Errorf("Float32s: %v, null %t, %v", f32, d.Null, err)
	}
	l = Lexer{Data: []byte(`[NaN,1]`), AllowNaN: true}
	if _, err = l.Float32s(nil, &d); err != nil || d.Null {
		t.Errorf("NaN: null %t, %v", d.Null, err)
	}
	l = Lexer{Data: []byte(`NaN`), AllowNaN: true}
	if l.Skip() == nil {
		t.Error("Skip took NaN outside an array of floats")
	}
}

func TestBoolsAndStrings(t *testing.T) {
	l, d := Lexer{Data: []byte(`[[true, false],[0,1]]`)}, Dims{}
	bools, err := l.Bools(nil, &d)
	if err != nil || fmt.Sprint(bools, d.Shape) != "[true false false true] [2 2]" {
		t.Error(bools, d, err)
	}
	data := []byte(`[["a", ""],["č\n\u0000","d"]]`)
	l = Lexer{Data: data}
	texts, err := l.Strings([]string{"before"}, &d)
	clear(data)
	if want := []string{"before", "a", "", "č\n\x00", "d"}; err != nil || !slices.Equal(texts, want) {
		t.Errorf("%q, %v", texts, err)
	}
	if !slices.Equal(d.Shape, []int{2, 2}) {
		t.Error(d)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		text, want string // want is the elements, and the shape
		mixed      bool
	}{
		{`[]`, "floats [] [0]", false},
		{`[[],[]]`, "floats [] [2 0]", false},
		{`[1,2,3]`, "ints [1 2 3] [3]", false},
		{`[[5.1,3.5],[1.4,0.2]]`, "floats [5.1 3.5 1.4 0.2] [2 2]", false},
		{`[[1,2.5],[-3,0]]`, "floats [1 2.5 -3 0] [2 2]", true},
		{`[1.5,2]`, "floats [1.5 2] [2]", true},
		{`[9007199254740993,-9223372036854775808]`, "ints [9007199254740993 -9223372036854775808] [2]", false},
		{`[9223372036854775807]`, "ints [9223372036854775807] [1]", false},
		{`[9223372036854775808]`, "floats [9.223372036854776e+18] [1]", false},
		{`[-18446744073709551616, 1]`, "floats [-1.8446744073709552e+19 1] [2]", false},
		{`[9007199254740992,0.5]`, "floats [9.007199254740992e+15 0.5] [2]", true},
		{`[0.5,9007199254740994]`, "floats [0.5 9.007199254740994e+15] [2]", true},
		{`[-0]`, "ints [0] [1]", false},
		{`[-0,-0.0]`, "floats [0 -0] [2]", true},
		{`[-0.0,-0]`, "floats [-0 0] [2]", true},
		{`[null,1]`, "floats [NaN 1] [2]", true},
		{`[1,null]`, "floats [1 NaN] [2]", true},
		{`[null]`, "floats [NaN] [1]", false},
		{`[1e3]`, "floats [1000] [1]", false},
		{`[1e0]`, "floats [1] [1]", false},
		{`[1.5e1,2]`, "floats [15 2] [2]", true},
		{`[9999999999999999999,0.9999999999999999999]`, "", false},
		{`[10000000000000000000,0.9999999999999999999]`, "floats [1e+19 1] [2]", true},
		{`[0.12345678901234567,1.7976931348623157e308]`, "floats [0.12345678901234566 1.7976931348623157e+308] [2]", false},

		{`[9007199254740993,0.5]`, "", false},
		{`[0.5,9007199254740993]`, "", false},
		{`[9223372036854775809]`, "", false},
		{`[1e309]`, "", false},
		{`[1` + strings.Repeat("0", 400) + `]`, "", false},
		{`["a"]`, "", false},
		{`[1,"a"]`, "", false},
		{`[true]`, "", false},
		{`[{}]`, "", false},
		{`[[1],[2,3]]`, "", false},
		{`[1,[2]]`, "", false},
		{`[NaN]`, "", false},
		{`1`, "", false},
		{`{}`, "", false},
		{`[1,]`, "", false},
		{`[1`, "", false},
		{``, "", false},
	} {
		for _, indent := range []string{"", strings.Repeat(" ", 60)} { // near and far from the end
			n := Numeric{Ints: []int64{8}, Floats: []float64{8}, IsFloat: true, Mixed: true}
			l := Lexer{Data: []byte(" " + c.text + indent)}
			ok := l.Numbers(&n)
			got := ""
			if ok {
				got = describe(&n)
			} else if l.Pos != 0 {
				t.Errorf("%s: cursor at %d", c.text, l.Pos)
			}
			if got != c.want || ok && n.Mixed != c.mixed {
				t.Errorf("%s: got %q, mixed %t, want %q", c.text, got, n.Mixed, c.want)
			}
		}
	}
}

func describe(n *Numeric) string {
	if n.IsFloat {
		return fmt.Sprint("floats ", n.Floats, n.Shape)
	}
	return fmt.Sprint("ints ", n.Ints, n.Shape)
}

func TestReadersAppend(t *testing.T) {
	l := Lexer{Data: []byte(`{"a":[3],"b":[4]}`)}
	vs := []int64{1, 2}
	d := new(Dims)
	more, err := l.ObjectStart()
	for more && err == nil {
		if _, err = l.ReadKey(nil); err != nil {
			break
		}
		if vs, err = l.Int64s(vs, d); err != nil {
			break
		}
		more, err = l.ObjectNext()
	}
	if err != nil || !slices.Equal(vs, []int64{1, 2, 3, 4}) {
		t.Error(vs, err)
	}
}

// TestNoAllocation reads and writes into buffers that are large enough.
func TestNoAllocation(t *testing.T) {
	floats := []byte(`[5.1,3.5,-1.4,0.2,12,1e-5]`)
	text := []byte(`[[5.1,-3.5e-3,0.12345678901234567,1e-300],[1.4,0.2,7,123456789012345678901234567890]]`)
	whole := []byte(`[[1,2,3],[-4,5,1234567890123456789]]`)
	document := []byte(`{"a":{"key":[true,"plain",null,1.5e3]},"b":"žluť"}`)
	f32, f64, i64 := make([]float32, 0, 8), make([]float64, 0, 8), make([]int64, 0, 8)
	out, d, n := make([]byte, 0, 1000), new(Dims), new(Numeric)
	readings := map[string]func() error{
		"Float32s": func() error { l := Lexer{Data: floats}; _, err := l.Float32s(f32, d); return err },
		"Float64s": func() error { l := Lexer{Data: text}; _, err := l.Float64s(f64, d); return err },
		"Int64s":   func() error { l := Lexer{Data: whole}; _, err := l.Int64s(i64, d); return err },
		"Numbers": func() error {
			ints, mixed := Lexer{Data: whole}, Lexer{Data: floats}
			if !ints.Numbers(n) || !mixed.Numbers(n) {
				return errors.New("not numeric")
			}
			return nil
		},
		"Skip":  func() error { l := Lexer{Data: document}; return l.Skip() },
		"write": func() error { out = AppendFloat64s(AppendFloat32s(out[:0], f32[:8]), f64[:8]); return nil },
	}
	for name, read := range readings {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if allocs := testing.AllocsPerRun(100, func() { _ = read() }); allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

// TestFixed has arrays read into room for three elements, and counted.
func TestFixed(t *testing.T) {
	readers := map[string]func(l *Lexer, d *Dims) (int, error){
		"FP32": func(l *Lexer, d *Dims) (int, error) {
			vs, err := l.Float32s(make([]float32, 0, 3), d)
			return cap(vs), err
		},
		"FP64": func(l *Lexer, d *Dims) (int, error) {
			vs, err := l.Float64s(make([]float64, 0, 3), d)
			return cap(vs), err
		},
		"INT8":  func(l *Lexer, d *Dims) (int, error) { vs, err := Ints(l, make([]int8, 0, 3), d); return cap(vs), err },
		"INT64": func(l *Lexer, d *Dims) (int, error) { vs, err := Ints(l, make([]int64, 0, 3), d); return cap(vs), err },
		"BOOL":  func(l *Lexer, d *Dims) (int, error) { vs, err := l.Bools(make([]bool, 0, 3), d); return cap(vs), err },
		"BYTES": func(l *Lexer, d *Dims) (int, error) {
			vs, err := l.Strings(make([]string, 0, 3), d)
			return cap(vs), err
		},
	}
	for name, read := range readers {
		for _, c := range []struct {
			text string
			n    int
		}{
			{`[]`, 0}, {`[1,1,1]`, 3}, {`[ 1 , 1 , 1 ]`, 3}, {`[1,1,1,1]`, 4}, {`[[1,1],[1,1],[],[1]]`, 5}, {`[1 ,1 ,1 ,1 ,1]`, 5},
			{`[` + strings.Repeat("1,", 1000) + `1]`, 1001},
		} {
			text := c.text
			if name == "BYTES" {
				text = strings.ReplaceAll(text, "1", `"a"`)
			}
			l := Lexer{Data: []byte(text + strings.Repeat(" ", 60))}
			room, err := read(&l, &Dims{Fixed: true})
			if room != 3 || (c.n > 3) != errors.Is(err, ErrFull) || c.n <= 3 && err != nil {
				t.Errorf("%s: %.30s: room for %d, %v", name, text, room, err)
			}
			l.Pos = 0
			if n, err := l.CountElements(); n != c.n || err != nil {
				t.Errorf("%.30s: %d elements, %v, want %d", text, n, err, c.n)
			}
		}
	}
	l := Lexer{Data: []byte(`[1,{"a":[2]},"b",[null,tru]]`)}
	if n, err := l.CountElements(); n != 4 || err == nil {
		t.Errorf("%d elements, %v", n, err)
	}
}
