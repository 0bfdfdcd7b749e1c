package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// serving starts the host with the wrapper of testdata, and returns its URL.
func serving(t *testing.T, handler string, workers int) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	l := launch{wrapper: "testdata", python: python, path: "testdata", handler: "handlers:" + handler}
	h, err := l.start(workers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.stop)
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listening.Close() })
	go h.serve(listening)
	return "http://" + listening.Addr().String()
}

func post(t *testing.T, url string, body []byte) (*http.Response, []byte) {
	t.Helper()
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}

func TestEventArrives(t *testing.T) {
	url := serving(t, "tell", 1)
	for _, body := range []string{"", "{}", strings.Repeat("x", 300_000)} {
		resp, text := post(t, url+"/v2/models/echo/infer", []byte(body))
		var event struct {
			ContentType string `json:"content_type"`
			Trigger     struct{ Kind, Name string }
			Headers     map[string]string
			ID          string
			Method      string
			Path        string
			Size        int
			Timestamp   int
			Body        string
		}
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%d %.100s: %v", resp.StatusCode, text, err)
		}
		if resp.StatusCode != 201 || resp.Header.Get("X-Worker") == "" || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("answer %d %v", resp.StatusCode, resp.Header)
		}
		if event.ContentType != "application/json" || event.Trigger.Kind != "http" || event.Headers["Content-Type"] != "application/json" {
			t.Errorf("event %.300s", text)
		}
		if event.Method != "POST" || event.Path != "/v2/models/echo/infer" || event.Size != len(body) || event.Body != body || event.Timestamp < 1 || event.ID == "" {
			t.Errorf("event of %d bytes: %.300s", len(body), text)
		}
	}
}

// Every client has its own answer, however many wait for the workers.
func TestAnswersAreOfTheirRequests(t *testing.T) {
	for _, workers := range []int{1, 2} {
		url := serving(t, "binary", workers)
		var clients sync.WaitGroup
		for i := range 8 {
			clients.Go(func() {
				for j := range 5 {
					body := []byte{0, 255, byte(i), byte(j)}
					_, text := post(t, url, body)
					if want := []byte{byte(j), byte(i), 255, 0}; !bytes.Equal(text, want) {
						t.Errorf("%v: %v", body, text)
					}
				}
			})
		}
		clients.Wait()
	}
}

func TestWorkerEnds(t *testing.T) {
	url := serving(t, "ends", 1)
	for range 2 {
		if resp, text := post(t, url, nil); resp.StatusCode != 503 || len(text) == 0 {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
}

func TestStartFails(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	for _, l := range []launch{
		{wrapper: "testdata", python: python, path: "testdata", handler: "nowhere:handler"},
		{wrapper: "nowhere", python: python, path: "testdata", handler: "handlers:tell"},
		{wrapper: "testdata", python: "nowhere", path: "testdata", handler: "handlers:tell"},
	} {
		if h, err := l.start(1); err == nil {
			h.stop()
			t.Errorf("%+v: no error", l)
		}
	}
	for _, args := range [][]string{{}, {"-wrapper", "x"}, {"-wrapper", "x", "-handler", "y", "-workers", "0"}, {"-x"}} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
