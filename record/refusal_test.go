package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
)

// A refuser is a stream that takes nothing, for good.
type refuser struct{}

func (refuser) PublishAll(_ context.Context, ms []*stream.Message) error {
	errs := make([]error, len(ms))
	for i := range errs {
		errs[i] = driver.Permanent(errors.New("no such receiver"))
	}
	return &driver.BatchError{Errs: errs}
}

func (refuser) Local() bool                 { return false }
func (refuser) Close(context.Context) error { return nil }

// TestRefusals: the log has how many records the stream has refused, all of them, in
// a line each ten seconds and one at the end.
func TestRefusals(t *testing.T) {
	const n = 300
	var text bytes.Buffer
	begun := time.Now()
	p := start(t, Options{
		Open:   func(context.Context) (Topic, error) { return refuser{}, nil },
		Logger: slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	log := p.Log(LogOptions{Function: "p/f"})
	for i := range n {
		log.Record(infer(t, i))
	}
	until(t, "all records", func() bool { return balanced(t, p).Dropped == n })
	shut(t, p)
	lines, told := 0, 0
	for d := json.NewDecoder(&text); d.More(); lines++ {
		var line struct {
			Msg, Error string
			Records    int
		}
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Msg != "the stream refuses records, which are dropped" || line.Error == "" {
			t.Errorf("%+v", line)
		}
		told += line.Records
	}
	if most := 2 + int(time.Since(begun)/refusalEvery); told != n || lines > most {
		t.Errorf("%d lines, at most %d, told of %d records out of %d", lines, most, told, n)
	}
}
