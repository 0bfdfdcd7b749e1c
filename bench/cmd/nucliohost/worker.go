package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

const (
	startWithin = 90 * time.Second // imports of Python take long on a busy machine
	maxAnswer   = 256 << 20        // bytes of a line from a worker
)

// A launch is how workers are started.
type launch struct {
	wrapper string // folder
	python  string
	path    string // folder
	handler string // module:function
}

// start starts n workers and returns when all are ready. The caller stops the host.
func (l launch) start(n int) (*host, error) {
	h := &host{idle: make(chan *worker, n)}
	for id := range n {
		w, err := l.worker(id)
		if err != nil {
			h.stop()
			return nil, fmt.Errorf("start worker %d: %w", id, err)
		}
		h.all = append(h.all, w)
		h.idle <- w
	}
	return h, nil
}

// A worker is one process with nuclio's wrapper. It has one event at a time.
type worker struct {
	cmd     *exec.Cmd
	exited  chan struct{}
	events  net.Conn
	control net.Conn
	lines   *bufio.Scanner
	out     []byte
	asked   uint64 // events
}

// worker starts one process and waits until it says that it is ready.
func (l launch) worker(id int) (_ *worker, err error) {
	dir, err := os.MkdirTemp("", "leat-nuclio-") // a socket's path must be short
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // nobody connects to the sockets again
	w := &worker{cmd: l.command(id, dir), exited: make(chan struct{})}
	events, control, err := listen(dir)
	if err != nil {
		return nil, err
	}
	defer events.Close()
	defer control.Close()
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = w.cmd.Wait()                       // ProcessState tells
		_, _ = events.Close(), control.Close() // nobody will connect any more
		close(w.exited)
	}()
	if err := w.connect(events, control); err != nil {
		w.stop()
		return nil, fmt.Errorf("%w (%v)", err, w.cmd.ProcessState)
	}
	return w, nil
}

// command is that of nuclio's processor, with text in events decoded, which is its default.
func (l launch) command(id int, dir string) *exec.Cmd {
	cmd := exec.Command(l.python, "-u", filepath.Join(l.wrapper, "_nuclio_wrapper.py"),
		"--handler", l.handler, "--event-socket-path", filepath.Join(dir, "events"), "--control-socket-path", filepath.Join(dir, "control"),
		"--platform-kind", "local", "--namespace", "nuclio", "--worker-id", strconv.Itoa(id),
		"--trigger-kind", triggerKind, "--trigger-name", triggerName, "--decode-event-strings")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+l.path)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr // our own output is the address
	return cmd
}

func listen(dir string) (events, control net.Listener, err error) {
	if events, err = net.Listen("unix", filepath.Join(dir, "events")); err != nil {
		return nil, nil, err
	}
	if control, err = net.Listen("unix", filepath.Join(dir, "control")); err != nil {
		return nil, nil, errors.Join(err, events.Close())
	}
	return events, control, nil
}

// connect waits for the wrapper's two connections and for the line "s", which tells
// that the handler is initialised.
func (w *worker) connect(events, control net.Listener) (err error) {
	end := time.Now().Add(startWithin)
	for _, l := range []net.Listener{events, control} {
		_ = l.(*net.UnixListener).SetDeadline(end)
	}
	if w.control, err = control.Accept(); err != nil {
		return fmt.Errorf("wait for the wrapper: %w", err)
	}
	if w.events, err = events.Accept(); err != nil {
		return fmt.Errorf("wait for the wrapper: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, w.control) }() // what it tells the processor beside events
	w.lines = bufio.NewScanner(w.events)
	w.lines.Buffer(make([]byte, 64<<10), maxAnswer)
	_ = w.events.SetDeadline(end)
	if _, err := w.line('s'); err != nil {
		return fmt.Errorf("wait for the handler: %w", err)
	}
	return w.events.SetDeadline(time.Time{})
}

// call has the handler answer a request.
func (w *worker) call(req *request) (answer, error) {
	w.asked++
	w.out = appendEvent(w.out[:0], w.asked, time.Now(), req)
	if _, err := w.events.Write(w.out); err != nil {
		return answer{}, fmt.Errorf("send an event: %w", err)
	}
	line, err := w.line('r')
	if err != nil {
		return answer{}, err
	}
	return parseAnswer(line)
}

// line reads up to a line of the kind, and returns the rest of it: "r" is an answer,
// "s" a start, "l" a log, "m" how long the handler took. Others are passed over.
func (w *worker) line(kind byte) ([]byte, error) {
	for w.lines.Scan() {
		if line := w.lines.Bytes(); len(line) > 0 && line[0] == kind {
			return line[1:], nil
		}
	}
	return nil, fmt.Errorf("read from the wrapper: %w", errors.Join(w.lines.Err(), io.ErrUnexpectedEOF))
}

// stop ends the process, and returns when it has ended.
func (w *worker) stop() {
	_ = w.cmd.Process.Kill()
	<-w.exited
	for _, c := range []net.Conn{w.events, w.control} {
		if c != nil {
			_ = c.Close()
		}
	}
}
