package nats

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/leat-ml/leat/internal/servertest"
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
	p := &process{folder: t.TempDir(), port: servertest.Port(t), extra: extra}
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
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
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

// flush waits until the server has written down what was acknowledged of a subject:
// it does that a tenth of a second later, or when it gets round to it, whatever it is
// told.
func (p *process) flush(t *testing.T, subject string) {
	t.Helper()
	conn, err := client.Connect("nats://" + p.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := js.Stream(ctx, streamName(subject))
	if err != nil {
		t.Fatal(err)
	}
	names := s.ConsumerNames(ctx)
	for name := range names.Name() {
		for pause := time.Millisecond; !p.written(ctx, t, s, name); pause = min(2*pause, time.Second) {
			time.Sleep(pause)
		}
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
}

// written says whether the file of a consumer is up to date. After two bytes it
// begins with two numbers: up to which delivery and up to which message of the
// stream everything is acknowledged.
func (p *process) written(ctx context.Context, t *testing.T, s jetstream.Stream, name string) bool {
	t.Helper()
	c, err := s.Consumer(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(p.folder, "jetstream", "$G", "streams", s.CachedInfo().Config.Name, "obs", name, "o.dat"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var floor uint64
	if len(file) > 2 {
		_, n := binary.Uvarint(file[2:])
		floor, _ = binary.Uvarint(file[2+max(0, n):])
	}
	return floor == c.CachedInfo().AckFloor.Stream
}

// busy are options for a machine that is: no call is late, and nobody is taken for
// gone.
const busy = "&timeout=2m&ack_wait=2m"

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
					Open: func(t *testing.T) driver.Stream {
						return openURL(t, ns, p.url(subject, and(query, "max_bytes=16MiB"+busy)))
					},
					Small: func(t *testing.T) driver.Stream {
						return warm(t, openURL(t, ns, p.url("small."+subject, and(query, "max_bytes=9KiB"+busy))))
					},
					Limited: func(t *testing.T) driver.Stream {
						return openURL(t, ns, p.url("limited."+subject, and(query, "max_bytes=512KiB"+busy)))
					},
					Crash: func(t *testing.T) {
						p.flush(t, subject)
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
	s := openURL(t, ns, p.url("s", "?timeout=2m&ack_wait=2s"))
	defer s.Close(context.Background())
	r, err := s.Subscribe(context.Background(), "g", driver.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
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
