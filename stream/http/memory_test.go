package http

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/mem"
)

// A memory is a receiver that keeps what is posted to a path in the stream of that
// name, and answers once it is there.
type memory struct {
	mem.Memory
	batch string
}

func (m *memory) open(name string) (driver.Stream, error) {
	u := &url.URL{Scheme: "mem", Host: name}
	if name == "small" {
		u.RawQuery = "max_messages=5"
	}
	s, _, err := m.Open(context.Background(), driver.Source{URL: u})
	return s, err
}

func (m *memory) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = m.keep(req.Context(), req.URL.Path[1:], m.records(body))
	}
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (m *memory) keep(ctx context.Context, name string, ms []*driver.Message) error {
	s, err := m.open(name)
	if err != nil {
		return err
	}
	return s.Publish(ctx, ms)
}

// records are those of a request.
func (m *memory) records(body []byte) (ms []*driver.Message) {
	list := []json.RawMessage{body}
	switch m.batch {
	case "array":
		list = nil
		_ = json.Unmarshal(body, &list)
	case "lines":
		list = nil
		for line := range bytes.SplitSeq(bytes.TrimSuffix(body, []byte("\n")), []byte("\n")) {
			list = append(list, line)
		}
	}
	for _, r := range list {
		one, err := driver.Unwrap(r)
		if err != nil {
			one = &driver.Message{Body: r}
		}
		ms = append(ms, one)
	}
	return ms
}

// A loop is what is posted, to be read from where the receiver has put it.
type loop struct {
	driver.Stream
	kept driver.Stream
}

func (m *memory) loop(t *testing.T, s driver.Stream, name string) driver.Stream {
	t.Helper()
	kept, err := m.open(name)
	if err != nil {
		t.Fatal(err)
	}
	return loop{s, kept}
}

func (l loop) Subscribe(ctx context.Context, group string, o driver.ReadOptions) (driver.Reader, error) {
	if _, err := l.Stream.Subscribe(ctx, group, o); err != nil && !driver.IsPermanent(err) || l.Stream.(*stream).over.Load() {
		return nil, err
	}
	return l.kept.Subscribe(ctx, group, o)
}

func (l loop) Lag(ctx context.Context, group string) (int64, error) { return l.kept.Lag(ctx, group) }
