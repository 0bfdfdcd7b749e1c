package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// runOut runs the command and returns what it wrote.
func runOut(t *testing.T, env Env, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env.Stdout, env.Stderr = &out, &errs
	if env.Lookup == nil {
		env.Lookup = func(string) (string, bool) { return "", false }
	}
	exit = Run(t.Context(), args, env)
	return exit, out.String(), errs.String()
}

func TestInfer(t *testing.T) {
	var asked string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2" { // what the server is, after an error
			_, _ = io.WriteString(w, `{"name":"leat"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		asked = strings.TrimSpace(r.Method + " " + r.URL.EscapedPath() + " " + string(body))
		switch {
		case strings.Contains(r.URL.Path, "missing"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":"model missing doesnt exist"}`)
		case strings.Contains(r.URL.Path, "models/plain"):
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "ValueError: no\n")
		case strings.Contains(r.URL.Path, "mute"):
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, `{"outputs":[1,2]}`)
		}
	}))
	t.Cleanup(web.Close)
	for _, tt := range []struct {
		name     string
		args     []string
		stdin    string
		asked    string
		out, err string
		exit     int
	}{
		{name: "rows", args: []string{"m", "-d", " [[1, 2]]\n"}, asked: `POST /v2/models/m/infer {"inputs": [[1, 2]]}`},
		{name: "whole", args: []string{"m", "-d", `{"inputs": [1]}`}, asked: `POST /v2/models/m/infer {"inputs": [1]}`},
		{name: "stdin", args: []string{"m", "-d", "-"}, stdin: "[7]", asked: `POST /v2/models/m/infer {"inputs": [7]}`},
		{name: "version", args: []string{"m", "-d", "[7]", "--version", "2"}, asked: `POST /v2/models/m/versions/2/infer {"inputs": [7]}`},
		{name: "operation", args: []string{"m", "-d", "[7]", "--operation", "explain"}, asked: `POST /v2/models/m/explain {"inputs": [7]}`},
		{name: "escaped", args: []string{"a b/c?", "-d", "[7]"}, asked: `POST /v2/models/a%20b%2Fc%3F/infer {"inputs": [7]}`},
		{name: "metadata", args: []string{"m", "--operation", "metadata"}, asked: `GET /v2/models/m`},
		{name: "ready", args: []string{"m", "--operation", "ready"}, asked: `GET /v2/models/m/ready`},
		{name: "error", args: []string{"missing", "-d", "[7]"}, asked: `POST /v2/models/missing/infer {"inputs": [7]}`,
			err: "404 Not Found: model missing doesnt exist", exit: Failed},
		{name: "text of an error", args: []string{"plain", "-d", "[7]"}, asked: `POST /v2/models/plain/infer {"inputs": [7]}`,
			err: "400 Bad Request: ValueError: no", exit: Failed},
		{name: "error without a text", args: []string{"mute", "-d", "[7]"}, asked: `POST /v2/models/mute/infer {"inputs": [7]}`,
			err: "503 Service Unavailable: the answer has no text", exit: Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked = ""
			env := Env{Stdin: strings.NewReader(tt.stdin)}
			exit, out, errs := runOut(t, env, append([]string{"infer", "--url", web.URL + "/"}, tt.args...)...)
			if exit != tt.exit || !strings.Contains(errs, tt.err) || (tt.err == "") != (errs == "") {
				t.Errorf("exit %d, stderr %q; want %d and %q", exit, errs, tt.exit, tt.err)
			}
			if want := "{\"outputs\":[1,2]}\n"; exit == Done && out != want {
				t.Errorf("stdout %q, want %q", out, want)
			}
			if asked != tt.asked {
				t.Errorf("asked %q, want %q", asked, tt.asked)
			}
		})
	}
}

// TestPanic checks that a bug is told without a stack, unless it is wanted.
func TestPanic(t *testing.T) {
	level := ""
	env := Env{Lookup: func(name string) (string, bool) {
		if name == "LEAT_URL" {
			panic("some bug")
		}
		return level, level != ""
	}}
	exit, _, errs := runOut(t, env, "infer", "m")
	if exit != Failed || !strings.Contains(errs, "this is a bug in leat: some bug") || strings.Contains(errs, "goroutine") {
		t.Errorf("exit %d, stderr %q", exit, errs)
	}
	level = "debug"
	if _, _, errs = runOut(t, env, "infer", "m"); !strings.Contains(errs, "goroutine") {
		t.Errorf("no stack at level debug: %q", errs)
	}
}

// TestPrintable checks that what a server says cannot steer the terminal.
func TestPrintable(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "a\x1b[2Jb\ttab\nline")
	}))
	t.Cleanup(web.Close)
	_, _, errs := runOut(t, Env{}, "infer", "m", "-d", "[1]", "--url", web.URL)
	if strings.Contains(errs, "\x1b") || !strings.Contains(errs, "a\uFFFD[2Jb\ttab\n      line") {
		t.Errorf("stderr %q", errs)
	}
}
