package main

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSummary(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want string
		code int
	}{
		{
			name: "only leaves count",
			in: `{"Action":"output","Package":"p","Output":"-test.shuffle 12\n"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"run","Package":"p","Test":"TestA/y/z"}
{"Action":"output","Package":"p","Test":"TestA/x","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA/y/z"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`,
			want: "ok  \tp\t0.1s\n3 passed, 0 failed, 0 skipped\n",
		},
		{
			name: "a failed subtest is counted once and shown",
			in: `{"Action":"output","Package":"p","Output":"-test.shuffle 12\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA/x/y","Output":"=== RUN   TestA/x/y\n"}
{"Action":"output","Package":"p","Test":"TestA/x/y","Output":"    a_test.go:3: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestA/x/y","Output":"    --- FAIL: TestA/x/y (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA/x/y"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`,
			want: `    a_test.go:3: got 1, want 2
    --- FAIL: TestA/x/y (0.00s)
--- FAIL: TestA (0.00s)
` + "FAIL\tp\t0.1s\n-test.shuffle 12\n0 passed, 1 failed, 0 skipped\n",
			code: 1,
		},
		{
			name: "a parent that fails after good subtests counts",
			in: `{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}
`,
			want: "1 passed, 1 failed, 0 skipped\n",
			code: 1,
		},
		{
			name: "the reason of a skip is shown",
			in: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: no models here\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}
`,
			want: "    a_test.go:9: no models here\n1 passed, 0 failed, 1 skipped\n",
		},
		{
			name: "a package that does not build",
			in: `{"ImportPath":"p","Action":"build-output","Output":"a.go:1:1: expected 'package'\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`,
			want: "a.go:1:1: expected 'package'\nFAIL\tp [build failed]\n0 passed, 1 failed, 0 skipped\n",
			code: 1,
		},
		{
			name: "a test that never ended",
			in: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"output","Package":"p","Test":"TestA/x","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"p"}
`,
			want: "panic: test timed out\n0 passed, 1 failed, 0 skipped\n",
			code: 1,
		},
		{
			name: "lines that are no events are passed on",
			in:   "go: updates to go.mod needed\n{}\n",
			want: "go: updates to go.mod needed\n{}\nno test ran\n",
			code: 1,
		},
		{name: "nothing at all", want: "no test ran\n", code: 1},
		{
			name: "tests of one name in two packages",
			in: `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"q","Test":"TestA/x"}
{"Action":"pass","Package":"q","Test":"TestA"}
{"Action":"pass","Package":"q"}
{"Action":"pass","Package":"p"}`,
			want: "2 passed, 0 failed, 0 skipped\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if code := run(strings.NewReader(tt.in), &out); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if out.String() != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", out.String(), tt.want)
			}
		})
	}
}

func TestSummaryOfABrokenPipe(t *testing.T) {
	var out strings.Builder
	code := run(iotest.ErrReader(errors.New("cut off")), &out)
	if want := "testsum: read test events: cut off\n"; code != 1 || out.String() != want {
		t.Errorf("got %d, %q; want 1, %q", code, out.String(), want)
	}
}
