package rest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

func zip(coding string, body []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	w, _ = gzip.NewWriterLevel(&out, flate.BestSpeed)
	if coding == "deflate" {
		w, _ = zlib.NewWriterLevel(&out, flate.BestSpeed)
	}
	w.Write(body)
	w.Close()
	return out.Bytes()
}

func unzip(t *testing.T, coding string, body []byte) []byte {
	t.Helper()
	var r io.Reader
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		r, err = zlib.NewReader(bytes.NewReader(body))
	default:
		return body
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRequestCodings(t *testing.T) {
	const body = `{"inputs":[1,2,3]}`
	gz, zl := string(zip("gzip", []byte(body))), string(zip("deflate", []byte(body)))
	var raw bytes.Buffer
	fw, _ := flate.NewWriter(&raw, 1)
	fw.Write([]byte(body))
	fw.Close()
	tests := []struct {
		name, coding, body string
		status             int
		want               string
	}{
		{"none", "", body, 200, body},
		{"identity", "identity", body, 200, body},
		{"gzip", "gzip", gz, 200, body},
		{"x-gzip, case, space", " X-GZIP ", gz, 200, body},
		{"deflate", "deflate", zl, 200, body},
		{"two members", "gzip", gz + gz, 200, body + body},
		{"empty", "gzip", "", 200, ""},
		{"not gzip", "gzip", body, 400, "read the request body: gzip: invalid header"},
		{"not zlib", "deflate", body, 400, "read the request body: zlib: invalid header"},
		{"deflate without its header", "deflate", raw.String(), 400, ""},
		{"truncated gzip", "gzip", gz[:len(gz)-1], 400, "read the request body: unexpected EOF"},
		{"truncated zlib", "deflate", zl[:len(zl)-1], 400, "read the request body: unexpected EOF"},
		{"wrong sum", "gzip", gz[:len(gz)-8] + "\x00\x00\x00\x00" + gz[len(gz)-4:], 400, "read the request body: gzip: invalid checksum"},
		{"more after gzip", "gzip", gz + "{}", 400, ""},
		{"more after zlib", "deflate", zl + "{}", 400, "read the request body: bytes after the end of the compressed data"},
		{"unknown", "br", body, 415, "the content encoding of the request is not supported; use gzip or deflate"},
		{"two", "gzip, gzip", gz, 415, "the content encoding of the request is not supported; use gzip or deflate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the second time with a used inflater
				var header []string
				if tt.coding != "" {
					header = []string{"Content-Encoding", tt.coding}
				}
				resp := ask(New(handlerFunc(echo), Options{MLRun: tt.status != 200}), http.MethodPost, "/", tt.body, header...)
				got := text(t, resp)
				if tt.status != 200 {
					_, got, _ = strings.Cut(got, ": ")
				}
				if tt.want != "" && got != tt.want {
					t.Errorf("got %d %q", resp.StatusCode, got)
				}
				resp = ask(New(handlerFunc(echo), Options{}), http.MethodPost, "/", tt.body, header...)
				accept := ""
				if tt.status == 415 {
					accept = "gzip, deflate"
				}
				if resp.StatusCode != tt.status || resp.Header.Get("Accept-Encoding") != accept {
					t.Errorf("got %d, Accept-Encoding %q", resp.StatusCode, resp.Header.Get("Accept-Encoding"))
				}
			}
		})
	}
	if resp := ask(New(handlerFunc(echo), Options{}), http.MethodPost, "/", gz, "Content-Encoding", "gzip", "Content-Encoding", "gzip"); resp.StatusCode != 415 {
		t.Errorf("two fields: got %d", resp.StatusCode)
	}
}

// TestBodyLimits is statement 59: the limit holds before and after
// decompression, and what is too large is not stored first.
func TestBodyLimits(t *testing.T) {
	const limit = 1 << 20
	zeros := make([]byte, 8<<20)
	empties := strings.Repeat("\x00\x00\x00\xff\xff", limit/5+2) // stored blocks of nothing
	tests := []struct {
		name, coding string
		body         []byte
		status       int
	}{
		{"at the limit", "", zeros[:limit], 200},
		{"over the limit", "", zeros[:limit+1], 413},
		{"gzip at the limit", "gzip", zip("gzip", zeros[:limit]), 200},
		{"gzip over the limit", "gzip", zip("gzip", zeros[:limit+1]), 413},
		{"gzip bomb", "gzip", zip("gzip", zeros), 413},
		{"deflate bomb", "deflate", zip("deflate", zeros), 413},
		{"much of nothing", "deflate", append([]byte{0x78, 0x9c}, empties...), 413},
	}
	h := New(handlerFunc(echo), Options{MaxBody: limit, CompressFrom: -1})
	h.opts.Room.Make(limit) // the reserve, which takes no memory, is there from now on
	for _, tt := range tests {
		for _, chunked := range []bool{false, true} {
			r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(tt.body))
			if chunked {
				r.ContentLength = -1
			}
			if tt.coding != "" {
				r.Header.Set("Content-Encoding", tt.coding)
			}
			w := httptest.NewRecorder()
			w.Body = nil
			used := allocated(func() { h.ServeHTTP(w, r) })
			if w.Code != tt.status {
				t.Errorf("%s, chunked %v: got %d, want %d", tt.name, chunked, w.Code, tt.status)
			}
			if used > 5*limit {
				t.Errorf("%s, chunked %v: allocated %d bytes", tt.name, chunked, used)
			}
			if want := ""; tt.status == 413 {
				want = "close"
				if got := w.Header().Get("Connection"); got != want {
					t.Errorf("%s: Connection %q", tt.name, got)
				}
			}
		}
	}
}

// allocated is the number of bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestLengthIsNotTrusted has a client announce much and send little.
func TestLengthIsNotTrusted(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("little"))
	r.ContentLength = DefaultMaxBody
	h := New(handlerFunc(echo), Options{})
	h.opts.Room.Make(1 << 20) // the reserve, which takes no memory, is there from now on
	w := httptest.NewRecorder()
	if used := allocated(func() { h.ServeHTTP(w, r) }); used > 2<<20 {
		t.Errorf("allocated %d bytes", used)
	}
}

func TestReadAll(t *testing.T) {
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(i * i)
	}
	for _, n := range []int{0, 1, smallRoom - 1, smallRoom, smallRoom + 1, firstRoom, firstRoom + 1, len(data)} {
		for _, length := range []int{n, -1} {
			for name, src := range map[string]io.Reader{
				"at once": bytes.NewReader(data[:n]),
				"pieces":  &pieces{data: data[:n], most: 1000},
			} {
				got, err := readAll(src, int64(length), int64(n), n%64, new(oip.Room))
				if err != nil || !bytes.Equal(got, data[:n]) {
					t.Errorf("%d bytes, length %d, %s: got %d, %v", n, length, name, len(got), err)
				}
				if length >= 0 && cap(got) != n {
					t.Errorf("%d bytes, length %d, %s: room for %d", n, length, name, cap(got))
				}
			}
			if n == 0 || length > 0 {
				continue
			}
			if _, err := readAll(bytes.NewReader(data[:n]), -1, int64(n-1), 0, new(oip.Room)); !errors.Is(err, errTooLarge) {
				t.Errorf("%d bytes where %d are allowed: %v", n, n-1, err)
			}
		}
	}
}

// pieces is read a few bytes at a time.
type pieces struct {
	data []byte
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.most)], p.data)
	p.data = p.data[n:]
	return n, nil
}

func TestAnswerCodings(t *testing.T) {
	big := strings.Repeat(`{"a":[1.5,2.5]} `, 1000)
	tests := []struct {
		name   string
		accept []string
		body   string
		reply  *serve.Reply
		coding string
		vary   string
	}{
		{"not asked for", nil, big, nil, "", "Accept-Encoding"},
		{"gzip", []string{"gzip"}, big, nil, "gzip", "Accept-Encoding"},
		{"deflate", []string{"deflate"}, big, nil, "deflate", "Accept-Encoding"},
		{"small", []string{"gzip"}, big[:DefaultCompressFrom-1], nil, "", ""},
		{"just big enough", []string{"gzip"}, big[:DefaultCompressFrom], nil, "gzip", "Accept-Encoding"},
		{"an image", []string{"gzip"}, big, &serve.Reply{ContentType: "image/png"}, "", ""},
		{"encoded already", []string{"gzip"}, big, &serve.Reply{Header: serve.Header{"content-encoding": {"br"}}}, "br", ""},
		{"varies otherwise", []string{"gzip"}, big, &serve.Reply{Header: serve.Header{"Vary": {"Origin"}}}, "gzip", "Accept-Encoding,Origin"},
		{"a status without content", []string{"gzip"}, big, &serve.Reply{Status: 204}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := New(answering(serve.ValueBody(tt.body), tt.reply), Options{})
			for range 2 { // the second time with a used deflater
				var header []string
				for _, a := range tt.accept {
					header = append(header, "Accept-Encoding", a)
				}
				resp := ask(h, http.MethodPost, "/", "", header...)
				body := text(t, resp)
				if got := resp.Header.Get("Content-Encoding"); got != tt.coding {
					t.Fatalf("Content-Encoding %q", got)
				}
				if got := strings.Join(resp.Header["Vary"], ","); got != tt.vary {
					t.Errorf("Vary %q", got)
				}
				if resp.StatusCode == 204 {
					continue
				}
				if got := string(unzip(t, tt.coding, []byte(body))); got != tt.body {
					t.Errorf("another body: %d bytes", len(got))
				}
			}
		})
	}
}

func TestWhatDoesNotShrinkIsSentAsItIs(t *testing.T) {
	noise := make([]byte, 2000)
	rng := rand.NewChaCha8([32]byte{})
	rng.Read(noise)
	resp := ask(New(answering(serve.ValueBody(noise), nil), Options{}), http.MethodPost, "/", "", "Accept-Encoding", "gzip")
	if got := resp.Header.Get("Content-Encoding"); got != "" || text(t, resp) != string(noise) {
		t.Errorf("Content-Encoding %q", got)
	}
}

func TestAcceptedCoding(t *testing.T) {
	tests := []struct {
		fields []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"br"}, ""},
		{[]string{"identity"}, ""},
		{[]string{"gzip"}, "gzip"},
		{[]string{"x-gzip"}, "gzip"},
		{[]string{"GZIP;Q=1"}, "gzip"},
		{[]string{"gzip, deflate"}, "gzip"},
		{[]string{"deflate, gzip"}, "gzip"},
		{[]string{"deflate, gzip;q=0.9"}, "deflate"},
		{[]string{"deflate;q=0.5, gzip;q=0.6"}, "gzip"},
		{[]string{"gzip;q=0"}, ""},
		{[]string{"gzip;q=0.000, deflate"}, "deflate"},
		{[]string{"gzip ; q = 0.5"}, "gzip"},
		{[]string{"*"}, "gzip"},
		{[]string{"*;q=0"}, ""},
		{[]string{"gzip;q=0, *"}, "deflate"},
		{[]string{"br", "deflate"}, "deflate"},
		{[]string{"gzip;q=2"}, ""},
		{[]string{"gzip;q=-1"}, ""},
		{[]string{"gzip;q=NaN"}, ""},
		{[]string{"gzip;q="}, ""},
		{[]string{"gzip;level=9"}, ""},
		{[]string{",,;,gzip"}, "gzip"},
	}
	for _, tt := range tests {
		if got := strings.Join(acceptedCoding(tt.fields), ","); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.fields, got, tt.want)
		}
	}
}

// FuzzInflate sends bytes as a compressed body: whatever they are, the answer
// is what they decompress to or an error, and never more than the limit.
func FuzzInflate(f *testing.F) {
	const limit = 1 << 16
	for _, coding := range []string{"gzip", "deflate"} {
		for _, body := range []string{"", "{}", strings.Repeat("a", limit), strings.Repeat("b", limit+1)} {
			f.Add(zip(coding, []byte(body)), coding == "gzip")
		}
	}
	f.Add([]byte("\x1f\x8b\x08"), true)
	h := New(handlerFunc(echo), Options{MaxBody: limit, CompressFrom: -1})
	f.Fuzz(func(t *testing.T, data []byte, gz bool) {
		coding := "deflate"
		if gz {
			coding = "gzip"
		}
		resp := ask(h, http.MethodPost, "/", string(data), "Content-Encoding", coding)
		body := text(t, resp)
		switch resp.StatusCode {
		case 200:
			if len(data) > 0 && body != string(unzip(t, coding, data)) || len(body) > limit {
				t.Errorf("%d bytes became %d others", len(data), len(body))
			}
		case 400, 413:
		default:
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
		back := ask(h, http.MethodPost, "/", string(zip(coding, data)), "Content-Encoding", coding)
		if got := text(t, back); back.StatusCode != 413 && got != string(data) {
			t.Error(cmp.Diff(string(data), got))
		}
	})
}

func FuzzAcceptedCoding(f *testing.F) {
	f.Add("gzip;q=0.5, deflate;q=1, *;q=0")
	f.Fuzz(func(t *testing.T, field string) {
		got := strings.Join(acceptedCoding([]string{field}), "")
		if !strings.Contains(strings.ToLower(field), got) && !strings.Contains(field, "*") {
			t.Errorf("%q: chose %s, which the client did not name", field, got)
		}
	})
}
