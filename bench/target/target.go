// Package target starts the servers that a benchmark drives. A target is a
// shell command that serves on loopback and prints a line containing
// http://127.0.0.1:PORT on standard output (a line that also says "admin" is
// passed over); [Start] runs it and waits for that line.
package target

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"
)

const (
	startWithin = 90 * time.Second // imports of Python take long on a busy machine
	stopWithin  = 30 * time.Second
	keptOutput  = 4096 // bytes of the latest standard error, for messages
)

var url = regexp.MustCompile(`http://(127\.0\.0\.1:[0-9]+)`)

// Server is a running target.
type Server struct {
	Name    string
	Addr    string    // host:port
	PID     int       // of the process that the command became
	Started time.Time // just before the process was made

	cmd    *exec.Cmd
	exited chan struct{}
}

// Start runs command with env added to the environment and returns when its
// address is known. It fails when the command ends before that, or after 90 s.
func Start(ctx context.Context, name, command string, env ...string) (*Server, error) {
	// exec makes the shell become the server, so that PID is the server's.
	cmd := exec.Command("sh", "-c", "exec "+command)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr := &tail{}
	cmd.Stderr = stderr
	r, w := io.Pipe()
	cmd.Stdout = w
	cmd.WaitDelay = stopWithin // a descendant that keeps the pipe open does not hold up Wait for ever
	s := &Server{Name: name, cmd: cmd, exited: make(chan struct{}), Started: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s.PID = cmd.Process.Pid
	go func() {
		_ = cmd.Wait() // ProcessState tells
		_ = w.Close()
		close(s.exited)
	}()
	addr := make(chan string, 1)
	go watch(r, addr)
	var ok bool
	select {
	case s.Addr, ok = <-addr:
		if ok {
			return s, nil
		}
		err := s.Stop() // before stderr is read: it is complete then
		return nil, errors.Join(fmt.Errorf("start %s: printed no address: %v: %s", name, cmd.ProcessState, stderr), err)
	case <-time.After(startWithin):
		return nil, errors.Join(fmt.Errorf("start %s: no address within %v: %s", name, startWithin, stderr), s.Stop())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), s.Stop())
	}
}

// Stop asks the server's process group to end and kills it when it has not
// after 30 s. It returns when the server has ended.
func (s *Server) Stop() error {
	select {
	case <-s.exited:
		return nil // its id may be another's by now
	default:
	}
	_ = syscall.Kill(-s.PID, syscall.SIGTERM)
	select {
	case <-s.exited:
		return nil
	case <-time.After(stopWithin):
	}
	err := syscall.Kill(-s.PID, syscall.SIGKILL)
	<-s.exited
	return errors.Join(fmt.Errorf("stop %s: still running %v after SIGTERM", s.Name, stopWithin), err)
}

// Kill ends the server's process group at once, for servers that take their time
// when they are asked to. It returns when the server has ended.
func (s *Server) Kill() error {
	select {
	case <-s.exited:
		return nil
	default:
	}
	err := syscall.Kill(-s.PID, syscall.SIGKILL)
	<-s.exited
	return err
}

// watch sends the first address, or closes addr when there is none, and goes on
// reading, so that the server is not held up by a full pipe.
func watch(r io.Reader, addr chan<- string) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadSlice('\n')
		if m := url.FindSubmatch(line); m != nil && !bytes.Contains(line, []byte("admin")) {
			addr <- string(m[1])
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			close(addr)
			break
		}
	}
	_, _ = io.Copy(io.Discard, lines)
}

// tail keeps the latest output.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-keptOutput):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}
