package rest

import (
	"strings"
	"testing"
	"time"
)

// TestCalled has calls over another protocol in the log.
func TestCalled(t *testing.T) {
	fine := &Called{Method: "ModelInfer", Code: "OK", ID: "a b", Remote: "127.0.0.1:1", In: 10, Out: 20, Took: 1500 * time.Microsecond}
	bad := &Called{Method: "ModelInfer", Code: "INTERNAL", Failed: true, Remote: "127.0.0.1:1"}
	for _, tt := range []struct {
		o    AccessOptions
		want []string
	}{
		{AccessOptions{Mode: AccessOff}, nil},
		{AccessOptions{Mode: AccessErrors}, []string{"level=ERROR msg=call method=ModelInfer code=INTERNAL in=0 out=0 ms=0.000 remote=127.0.0.1:1"}},
		{AccessOptions{Mode: AccessAll}, []string{`level=INFO msg=call method=ModelInfer code=OK in=10 out=20 ms=1.500 id="a b" remote=127.0.0.1:1`, "code=INTERNAL"}},
		{AccessOptions{Mode: AccessErrors, JSON: true}, []string{`"level":"ERROR","msg":"call","method":"ModelInfer","code":"INTERNAL","in":0,"out":0,"ms":0.000,"remote":"127.0.0.1:1"}`}},
	} {
		var out strings.Builder
		l := NewAccessLog(&out, tt.o)
		l.Start()
		l.Called(fine)
		l.Called(bad)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != len(tt.want) {
			t.Errorf("%+v: %d lines, want %d: %s", tt.o, n, len(tt.want), out.String())
		}
		for _, want := range tt.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%+v: no %s in %s", tt.o, want, out.String())
			}
		}
	}
}
