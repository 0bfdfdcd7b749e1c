package nats

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/drivertest"
)

// A process is a real NATS server on a port of this machine.
type process struct {
	folder string // of its files
	port   int
	extra  string // of its configuration
	cmd    *exec.Cmd
	said   bytes.Buffer
}

func natsServer(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"nats-server", "/usr/sbin/nats-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no nats-server: install Debian's package of that name (apt-get install nats-server)")
	return ""
}

// newProcess starts a server; extra is more of its configuration.
func newProcess(t *testing.T, extra string) *process {
	t.Helper()
	natsServer(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{folder: t.TempDir(), port: l.Addr().(*net.TCPAddr).Port, extra: extra}
	l.Close()
	p.start(t)
	t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) start(t *testing.T) {
	t.Helper()
	conf := filepath.Join(p.folder, "conf")
	text := fmt.Sprintf("listen: \"127.0.0.1:%d\"\nmax_payload: 8MB\nmax_pending: 64MB\njetstream { store_dir: %q }\n%s", p.port, p.folder, p.extra)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(natsServer(t), "-c", conf)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.address())
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(until) {
			p.kill()
			t.Fatalf("nats-server does not come: %v\n%s", err, p.said.String())
		}
	}
}

func (p *process) address() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

// kill is kill -9.
func (p *process) kill() {
	if p.cmd != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
	p.cmd = nil
}

func (p *process) restart(t *testing.T) {
	t.Helper()
	p.kill()
	p.start(t)
}

func (p *process) url(subject, query string) string {
	return "nats://" + p.address() + "/" + subject + query
}

// flushed is longer than a server takes to write down what was acknowledged: it
// does that a tenth of a second later, whatever it is told.
const flushed = 300 * time.Millisecond

func TestServer(t *testing.T) {
	natsServer(t)
	for name, query := range map[string]string{"messages": "", "packs": "?records=100"} {
		t.Run(name, func(t *testing.T) {
			p := newProcess(t, "")
			streams := 0
			drivertest.Run(t, func(t *testing.T) drivertest.Harness {
				ns := &NATS{}
				streams++
				subject := fmt.Sprintf("s.%d", streams)
				return drivertest.Harness{
					Open: func(t *testing.T) driver.Stream { return openURL(t, ns, p.url(subject, and(query, "max_bytes=16MiB"))) },
					Small: func(t *testing.T) driver.Stream {
						return warm(t, openURL(t, ns, p.url("small."+subject, and(query, "max_bytes=9KiB"))))
					},
					Limited: func(t *testing.T) driver.Stream {
						return openURL(t, ns, p.url("limited."+subject, and(query, "max_bytes=512KiB")))
					},
					Crash: func(t *testing.T) {
						time.Sleep(flushed)
						abandon(ns)
						p.restart(t)
						ns = &NATS{}
					},
				}
			})
		})
	}
}

// TestServerKilled kills the server while messages are published and read, and
// wants nothing to be lost that was acknowledged, without anybody doing anything.
func TestServerKilled(t *testing.T) {
	p := newProcess(t, "")
	ns := &NATS{}
	s := openURL(t, ns, p.url("s", "?timeout=20s&ack_wait=2s"))
	defer s.Close(context.Background())
	r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	const count = 3000
	errs := make(chan error, 1)
	go func() {
		for i := 0; i < count; i += 10 {
			var batch []*driver.Message
			for j := range 10 {
				batch = append(batch, &driver.Message{Key: fmt.Sprint(j), Body: fmt.Append(nil, i+j)})
			}
			if err := s.Publish(ctx, batch); err != nil {
				errs <- fmt.Errorf("publish %d: %w", i, err)
				return
			}
		}
		errs <- nil
	}()
	taken, kills := map[string]bool{}, 0
	for buf := make([]driver.Delivery, 64); len(taken) < count; {
		n, err := r.Receive(ctx, buf)
		if ctx.Err() != nil {
			t.Fatalf("%d of %d messages came: %v", len(taken), count, err)
		}
		for _, d := range buf[:n] {
			taken[string(d.Body)] = true
			_ = r.Settle(ctx, []driver.Settlement{{Delivery: d}}) // else it comes again
		}
		if kills < 3 && len(taken) > (kills+1)*count/5 {
			kills++
			p.restart(t)
		}
	}
	if err := <-errs; err != nil {
		t.Error(err)
	}
	if kills != 3 {
		t.Errorf("killed %d times: the test shows nothing", kills)
	}
	if err := r.Close(ctx); err != nil {
		t.Error(err)
	}
}
