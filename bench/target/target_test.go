package target

import (
	"context"
	"strings"
	"syscall"
	"testing"
)

func TestStart(t *testing.T) {
	s, err := Start(t.Context(), "srv", `sh -c 'echo starting; echo "admin on http://127.0.0.1:1"; echo "$GREETING http://127.0.0.1:4711/v2"; exec sleep 60'`, "GREETING=serves")
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr != "127.0.0.1:4711" || s.PID == 0 || s.Started.IsZero() {
		t.Errorf("got %+v", s)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(s.PID, 0); err == nil {
		t.Error("still there after Stop")
	}
}

func TestStartSaysWhyItFailed(t *testing.T) {
	for command, want := range map[string]string{
		`sh -c 'echo "cannot listen" >&2; exit 3'`: "exit status 3: cannot listen",
		`true`:             "exit status 0",
		`/no/such/program`: "/no/such/program",
	} {
		_, err := Start(t.Context(), "srv", command)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", command, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, "srv", "sleep 60"); err == nil {
		t.Error("cancelled: no error")
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var out tail
	for range 1000 {
		out.Write([]byte("0123456789"))
	}
	out.Write([]byte("end\n"))
	if got := out.String(); !strings.HasSuffix(got, "789end") || len(got) > keptOutput {
		t.Errorf("got %d bytes, %q", len(got), got[max(0, len(got)-20):])
	}
}

func TestKill(t *testing.T) {
	s, err := Start(t.Context(), "srv", `sh -c 'trap "" TERM; echo http://127.0.0.1:4711; sleep 60'`)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	}
	if err := syscall.Kill(s.PID, 0); err == nil {
		t.Error("still there after Kill")
	}
}
