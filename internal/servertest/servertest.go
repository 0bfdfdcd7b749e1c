// Package servertest starts servers that tests talk to: [StartRedis] and
// [StartPostgres] run what the machine has installed, in a temporary folder and on
// a free port of the loopback interface. A test is skipped where they are not
// installed.
package servertest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing" //nolint:depguard // it is for tests
	"time"
)

// find returns the path of a program: one in PATH, or that of a pattern.
func find(t testing.TB, name, pattern, install string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Skipf("%s is not installed: apt-get install %s", name, install)
	}
	return found[len(found)-1]
}

// A process is a server that runs.
type process struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
	ended  chan struct{}
}

// run starts a command; log is where it is told what went wrong.
func run(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, output: &bytes.Buffer{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // it is told to stop
	}()
	return p
}

// await waits until the server can be asked.
func (p *process) await(t testing.TB, ask func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = ask(); err == nil {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("%s ended: %s", p.cmd.Path, p.output)
		default:
		}
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	t.Fatalf("%s does not answer: %v\n%s", p.cmd.Path, err, p.output)
}

// stop ends the server and waits for it.
func (p *process) stop(sig os.Signal) {
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// folder is a temporary one which the owner can use, if it is not nil.
func folder(t testing.TB, owner *syscall.Credential) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "leat-servertest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t testing.TB, path, format string, args ...any) {
	t.Helper()
	if err := os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600); err != nil {
		t.Fatal(err)
	}
}
