package servertest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing" //nolint:depguard // it is for tests
	"time"
)

// A Redis is a server with a password.
type Redis struct {
	Port     int
	Password string
	tls      []string // arguments
	path     string
	dir      string
	process  *process
}

// StartRedis starts redis-server until the test ends.
func StartRedis(t testing.TB) *Redis { return startRedis(t, nil) }

// StartRedisTLS starts redis-server with TLS only: the files of its certificate and
// key.
func StartRedisTLS(t testing.TB, certificate, key string) *Redis {
	return startRedis(t, []string{"--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"})
}

func startRedis(t testing.TB, secured []string) *Redis {
	t.Helper()
	r := &Redis{
		Port: Port(t), Password: "s3cret@of:redis", tls: secured,
		path: find(t, "redis-server", "/usr/bin/redis-server", "redis-server"), dir: folder(t, nil),
	}
	r.Start(t)
	t.Cleanup(r.Stop)
	return r
}

// Addr is host and port.
func (r *Redis) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.Port)) }

// Start starts it again on the same port, with what was stored.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	// The password is in a file, not in the list of processes.
	conf := filepath.Join(r.dir, "redis.conf")
	write(t, conf, "requirepass %s\n", r.Password)
	ports := []string{"--port", strconv.Itoa(r.Port)}
	if r.tls != nil {
		ports = append([]string{"--port", "0", "--tls-port", strconv.Itoa(r.Port)}, r.tls...)
	}
	args := append([]string{conf, "--bind", "127.0.0.1", "--dir", r.dir, "--daemonize", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "no"}, ports...)
	r.process = run(t, exec.Command(r.path, args...))
	r.process.await(t, r.ping)
}

func (r *Redis) ping() error {
	var c net.Conn
	c, err := net.DialTimeout("tcp", r.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if r.tls != nil {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it asks its own child
	}
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c, "AUTH %s\r\nPING\r\n", r.Password); err != nil {
		return err
	}
	in := bufio.NewReader(c)
	for _, want := range []string{"+OK", "+PONG"} {
		if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
			return fmt.Errorf("it answers %q: %w", line, err)
		}
	}
	return nil
}

// Stop ends it, and leaves what was stored.
func (r *Redis) Stop() { r.process.stop(syscall.SIGTERM) }

// Freeze lets it answer nothing while its port stays open; the function that is
// returned ends that.
func (r *Redis) Freeze(t testing.TB) (thaw func()) {
	t.Helper()
	return r.process.freeze(t)
}

func (p *process) freeze(t testing.TB) func() {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	thawed := false
	thaw := func() {
		if !thawed {
			thawed = true
			_ = p.cmd.Process.Signal(os.Signal(syscall.SIGCONT))
		}
	}
	t.Cleanup(thaw)
	return thaw
}
