package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

func TestSoak(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from Linux's /proc")
	}
	var served atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(file, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config{url: srv.URL + "/x", body: "@" + file, n: 1000, conns: 2, pid: os.Getpid(), steps: 10}
	var out strings.Builder
	if err := soak(t.Context(), c, &out); err != nil {
		t.Fatal(err)
	}
	if served.Load() != 1000 || !strings.Contains(out.String(), "1000 ") || !strings.Contains(out.String(), "grown by") {
		t.Errorf("%d requests served, report:\n%s", served.Load(), out.String())
	}
	c.url = srv.URL + "/broken"
	if err := soak(t.Context(), c, &out); err == nil || !strings.Contains(err.Error(), "status 500") {
		t.Errorf("a server that fails: %v", err)
	}
}

func TestSoakRefuses(t *testing.T) {
	good := config{url: "http://127.0.0.1:1/x", n: 100, conns: 1, pid: 1, steps: 5}
	for name, change := range map[string]func(*config){
		"scheme": func(c *config) { c.url = "https://127.0.0.1:1/" }, "no port": func(c *config) { c.url = "http://127.0.0.1/" },
		"no pid": func(c *config) { c.pid = 0 }, "no file": func(c *config) { c.body = "@/no/such/file" }, "steps": func(c *config) { c.steps = 200 },
	} {
		c := good
		change(&c)
		if _, err := c.options(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
