package python

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a running interpreter with the worker's program, and what
// connects it with the server.
type process struct {
	*conn
	cmd    *exec.Cmd
	life   *os.File // the worker's watch over the server: it sees the end of this
	tail   tail
	output sync.WaitGroup
	pipes  []*os.File    // ends of this process
	exited chan struct{} // closed when it has ended
	gone   chan struct{} // closed when nothing of it is left here either
	desk   desk
	status error // how it ended, once exited is closed

	once   sync.Once
	mu     sync.Mutex
	reason string // why the server killed it; set before it is
}

// begin starts a worker, in an environment, nil for that of the server. On Linux the goroutine must stay on its thread, and the
// thread alive, as long as the process is. The caller calls reap in the end.
func begin(interpreter, program string, env []string, logger *slog.Logger) (*process, error) {
	p := &process{exited: make(chan struct{}), gone: make(chan struct{})}
	p.cmd = exec.Command(interpreter, "-X", "utf8", "-u", filepath.Join(program, "leat_worker", "__main__.py"))
	p.cmd.Env = env
	p.cmd.SysProcAttr = attributes()
	theirs, err := p.connect()
	if err == nil {
		err = p.cmd.Start()
	}
	for _, f := range theirs {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		p.release()
		return nil, fmt.Errorf("start %s: %w", interpreter, err)
	}
	logger = logger.With("pid", p.cmd.Process.Pid)
	p.log(p.pipes[0], &output{logger: logger, name: "stdout", level: slog.LevelInfo})
	p.log(p.pipes[1], &output{logger: logger, name: "stderr", level: slog.LevelWarn, tail: &p.tail})
	return p, nil
}

// connect makes what the worker's descriptors are, and returns the ends that are
// only for it.
func (p *process) connect() (theirs []*os.File, err error) {
	ours, sock, err := pair()
	if err != nil {
		return nil, err
	}
	theirs = append(theirs, sock)
	c, err := net.FileConn(ours)
	if err = errors.Join(err, ours.Close()); err != nil {
		return theirs, err
	}
	p.conn = newConn(c)
	r, w, err := os.Pipe()
	if err != nil {
		return theirs, err
	}
	p.life, theirs = w, append(theirs, r)
	p.cmd.ExtraFiles = []*os.File{sock, r}
	if p.shared = newShared(); p.shared != nil {
		theirs = append(theirs, p.shared.file())
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, theirs[2])
	}
	for range 2 {
		if r, w, err = os.Pipe(); err != nil {
			return theirs, err
		}
		p.pipes, theirs = append(p.pipes, r), append(theirs, w)
	}
	n := len(theirs)
	p.cmd.Stdout, p.cmd.Stderr = theirs[n-2], theirs[n-1]
	return theirs, nil
}

func (p *process) log(stream *os.File, o *output) {
	p.output.Go(func() { o.read(stream) })
}

// reap waits for the end of the process, ends what is left of its group, and
// releases everything. Calls that are still open have failed when it returns.
func (p *process) reap() {
	p.status = p.cmd.Wait()
	killGroup(p.cmd.Process.Pid)
	p.finish()
	close(p.exited)
	p.release()
	p.output.Wait()
}

// parting is how long the last words of a process that has ended may take. They are
// there at once, unless the machine is slow or stands still: tests have more patience.
var parting = 3 * time.Second

// finish reads what the process has still sent. Who has left its group, and
// holds on to its descriptors, is not waited for.
func (p *process) finish() {
	read := make(chan struct{})
	go func() { // ends with release at the latest, which reap waits for
		p.reader.Wait()
		p.output.Wait()
		close(read)
	}()
	t := time.NewTimer(parting)
	defer t.Stop()
	select {
	case <-read:
	case <-t.C:
	}
}

// release lets go of what connects the two processes. Output that somebody
// outside the group still writes goes nowhere from then on.
func (p *process) release() {
	if p.conn != nil {
		_ = p.close() // the other side is gone
		if p.shared != nil {
			p.shared.close()
		}
	}
	if p.life != nil {
		_ = p.life.Close()
	}
	for _, f := range p.pipes {
		_ = f.Close()
	}
}

// kill ends the process and all that it has started, and says why.
func (p *process) kill(reason string) {
	p.once.Do(func() {
		p.mu.Lock()
		p.reason = reason
		p.mu.Unlock()
		select {
		case <-p.exited: // the number may be another process's by now
		default:
			killGroup(p.cmd.Process.Pid)
		}
	})
}

// How long a worker may take to say where it is: one that hangs, one whose caller
// waits for the reason, who does so for 100 ms, and one that grows.
var (
	confession = 200 * time.Millisecond
	lateWord   = 50 * time.Millisecond
	quickWord  = 20 * time.Millisecond // tests have more patience
)

// confess has the worker write to stderr which line of the user's code it is in.
func (p *process) confess(within time.Duration) {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-p.exited: // the number may be another process's by now
		return
	default:
		askWhere(p.cmd.Process.Pid)
	}
	select {
	case <-p.exited:
	case <-t.C:
	}
}

// leave is how long a worker may take to end by itself.
const leave = 2 * time.Second

// end ends the process, by asking it to first, and waits until nothing is left
// of it.
func (p *process) end() {
	ctx, cancel := context.WithTimeout(context.Background(), leave)
	defer cancel()
	if _, _, err := p.do(ctx, &frame{kind: kindClose}); err == nil {
		select {
		case <-p.gone:
			return
		case <-ctx.Done():
		}
	}
	p.kill("the server ended it")
	<-p.gone
}

// gaveUp is the error of a call that the worker has not answered: how the worker
// ended, or why nobody waited.
func (p *process) gaveUp(err error) error {
	var broken *errBroken
	if !errors.As(err, &broken) {
		return err
	}
	t := time.NewTimer(parting)
	defer t.Stop()
	select {
	case <-p.exited:
	case <-t.C:
		p.kill("it broke off the connection: " + err.Error())
		<-p.exited
	}
	return &crash{p.why(), broken.sent}
}

// A crash is the end of a worker with calls in it.
type crash struct {
	why  string
	sent bool // the call may have got there
}

func (c *crash) Error() string { return "the Python worker crashed: " + c.why }

// why says how the process ended: because the server ended it, by a signal, or
// with a status, and the last lines that it wrote.
func (p *process) why() string {
	p.mu.Lock()
	reason := p.reason
	p.mu.Unlock()
	var exit *exec.ExitError
	switch {
	case reason != "":
	case p.status == nil:
		reason = "it ended with status 0"
	case errors.As(p.status, &exit):
		reason = "it ended with status " + fmt.Sprint(exit.ExitCode())
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			reason = "it was ended by the signal " + signalName(ws.Signal())
		}
	default:
		reason = p.status.Error()
	}
	if at := p.place(); at != "" {
		reason += ", at " + at
	}
	if lines := lastWords(p.tail.last(tailLines), 3); len(lines) > 0 {
		reason += "; last on stderr: " + strings.Join(lines, " | ")
	}
	return reason
}

// place is where the user's code was when somebody last asked, or when the process
// ended; "" if it did not say.
func (p *process) place() string { return placeIn(p.tail.last(tailLines)) }

// signalName is the name that people know a signal by.
func signalName(s syscall.Signal) string {
	switch s {
	case syscall.SIGKILL:
		return "SIGKILL"
	case syscall.SIGSEGV:
		return "SIGSEGV"
	case syscall.SIGABRT:
		return "SIGABRT"
	case syscall.SIGTERM:
		return "SIGTERM"
	}
	return s.String()
}
