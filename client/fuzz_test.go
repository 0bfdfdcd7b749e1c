package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// TestReadAll: lengths that servers claim are not believed before they are true.
func TestReadAll(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readAll(io.MultiReader(bytes.NewReader(make([]byte, 1000)), broken{}), 0, 1<<30, 1<<30)
	runtime.ReadMemStats(&after)
	if d := after.TotalAlloc - before.TotalAlloc; d > 1<<20 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes for 1000: %v", d, err)
	}
	for _, n := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 5*firstRead + 3} {
		for _, said := range []int64{-1, int64(n)} {
			for _, head := range []int{0, 1, 63, min(n, 100)} {
				want := bytes.Repeat([]byte("ab"), n)[:n]
				got, err := readAll(bytes.NewReader(want), head, said, 1<<30)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes: %d, %v", n, len(got), err)
				}
			}
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// FuzzAnswer has a server answer anything, of whatever length it claims.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(small), -1, int64(-1), "")
	f.Add([]byte(`{"outputs":[{"name":"a","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]}12345678`), 88, int64(96), "")
	f.Add([]byte("\x1f\x8b"), 0, int64(1<<62), "gzip")
	f.Fuzz(func(t *testing.T, body []byte, head int, length int64, coding string) {
		c, err := New("h", &Options{MaxAnswer: 1 << 20, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: length}
			if head >= 0 {
				resp.Header.Set(headLengthHeader, strconv.Itoa(head))
			}
			if coding != "" {
				resp.Header.Set("Content-Encoding", coding)
			}
			return resp, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Infer(t.Context(), &Request{Model: "m", Inputs: []*Tensor{NewTensor("x", []int8{1})}})
		if err != nil {
			if errors.As(err, new(*Error)) {
				return
			}
			t.Fatalf("%T: %v", err, err)
		}
		for _, out := range resp.Outputs {
			if n, ok := serve.Elements(out.Shape); !ok || n != out.Len() {
				t.Errorf("shape %v has %d elements", out.Shape, out.Len())
			}
		}
	})
}

// FuzzEvents reads any stream of events.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: a\ndata: b\n\n:\n\nid: 1\r\ndata\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(text), 16)
		for read := 0; ; {
			data, err := readEvent(r, 1000)
			if err != nil {
				return
			}
			if read += len(data); len(data) > 1000 || read > len(text) {
				t.Fatalf("%d bytes of %d", read, len(text))
			}
		}
	})
}
