package grpc

import (
	"context"
	"strings"
	"testing"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// sent is how many bytes a text has in a trailer: what is no printable ASCII, and the
// sign itself, is written as % and two digits.
func sent(text string) (n int) {
	for i := range len(text) {
		n++
		if c := text[i]; c < ' ' || c > '~' || c == '%' {
			n += 2
		}
	}
	return n
}

// TestLongFailure: a status whose text is megabytes comes whole as far
// as clients take it, with its code, over a connection that goes on.
func TestLongFailure(t *testing.T) {
	w := start(t, func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		return nil, serve.Errorf(serve.NotFound, "", "model %s doesnt exist", strings.Repeat(ev.Target.Model, len(ev.Target.Model)))
	}, Options{})
	for _, name := range []string{strings.Repeat("m", 4500), strings.Repeat("é", 1<<10), strings.Repeat("%", 1<<10)} {
		_, err := w.ModelInfer(in(t), floats(name))
		wantStatus(t, err, "NOT_FOUND", "model "+name[:1000])
		wantStatus(t, err, "NOT_FOUND", " bytes more)")
		if n := sent(status.Convert(err).Message()); n > maxText+100 {
			t.Errorf("the trailer has %d bytes of text", n)
		}
	}
	ctx := metadata.AppendToOutgoingContext(in(t), "mlrun-event-id", strings.Repeat("e", 10<<10))
	var trailer metadata.MD
	_, err := w.ModelInfer(ctx, floats("m"), gogrpc.Trailer(&trailer))
	wantStatus(t, err, "NOT_FOUND", "model m doesnt exist")
	if len(trailer["x-request-id"]) > 0 {
		t.Errorf("the trailer has an id of %d bytes", len(trailer["x-request-id"][0]))
	}
}

// TestLongFailureInBand: what a stream answers in band is a message, which may be long.
func TestLongFailureInBand(t *testing.T) {
	w := start(t, func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		return nil, serve.Errorf(serve.NotFound, "", "model %s doesnt exist", ev.Target.Model)
	}, Options{})
	s, err := w.ModelStreamInfer(in(t))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("m", maxName)
	if err := s.Send(floats(name)); err != nil {
		t.Fatal(err)
	}
	r, err := s.Recv()
	if err != nil || r.GetErrorMessage() != "model "+name+" doesnt exist" {
		t.Errorf("got %d bytes, %v", len(r.GetErrorMessage()), err)
	}
}

// TestShortened has texts shortened no more than they have to be, and between characters.
func TestShortened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(rapid.StringN(1, 40, -1).Draw(t, "text"), rapid.IntRange(1, 2000).Draw(t, "times"))
		short, _, cut := strings.Cut(statusOf(status.Error(codes.Aborted, text)).Message(), "… (")
		switch {
		case sent(text) <= maxText && short != text && !strings.Contains(text, "… ("):
			t.Fatalf("%d bytes were shortened to %d", sent(text), sent(short))
		case sent(text) > maxText && (!cut || !strings.HasPrefix(text, short) || sent(short) > maxText):
			t.Fatalf("%d bytes were shortened to %d", sent(text), sent(short))
		}
	})
}

// TestNoText: a request whose model or version is not UTF-8 is told that, and not that
// there is no such model.
func TestNoText(t *testing.T) {
	model := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "m")
	for field := protowire.Number(1); field <= 3; field++ {
		message := protowire.AppendString(protowire.AppendTag(model, field, protowire.BytesType), "a\xff")
		var m inferRequest
		m.decode(mem.BufferSlice{mem.SliceBuffer(message)}, new(oip.Room), nil)
		_, err := m.request()
		wantStatus(t, err, "INVALID_ARGUMENT", "a string of the message is not UTF-8")
		if strings.Contains(m.model+m.version+m.id, "a") {
			t.Errorf("field %d is kept: %q, %q, %q", field, m.model, m.version, m.id)
		}
	}
}
