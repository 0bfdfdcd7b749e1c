package servertest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing" //nolint:depguard // it is for tests
	"time"
)

// A Postgres is a cluster of its own, with the user and database "leat".
type Postgres struct {
	Port     int
	Password string
	owner    *syscall.Credential // nil where it is who runs the test
	bin      string
	dir      string
	process  *process
}

// StartPostgres makes a cluster and starts it until the test ends. The server
// refuses to be root, so that as root it runs as nobody.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	t.Setenv("PGCONNECT_TIMEOUT", "120") // no connection is late because the machine is busy
	server := find(t, "postgres", "/usr/lib/postgresql/*/bin/postgres", "postgresql")
	if real, err := filepath.EvalSymlinks(server); err == nil {
		server = real // initdb is beside it
	}
	p := &Postgres{Port: Port(t), Password: "s3cret@of:postgres", owner: other(t), bin: filepath.Dir(server)}
	p.dir = folder(t, p.owner)
	password := filepath.Join(p.dir, "password")
	write(t, password, "%s\n", p.Password)
	if p.owner != nil {
		if err := os.Chown(password, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	made := p.command("initdb", "-D", p.data(), "-U", "leat", "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8", "--locale", "C", "-N")
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.Start(t)
	t.Cleanup(p.Stop)
	return p
}

// other is who a server runs as in a test of root's.
func other(t testing.TB) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("PostgreSQL refuses to run as root, and there is no user nobody: %v", err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "HOME="+p.dir, "LC_ALL=C")
	if p.owner != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.owner}
	}
	return cmd
}

// SecretURL is the URL of the database, with the password.
func (p *Postgres) SecretURL() string {
	return "postgres://leat:s3cret%40of%3Apostgres@" + p.Addr() + "/postgres"
}

// Addr is host and port.
func (p *Postgres) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port)) }

// Start starts it again, on the same port.
func (p *Postgres) Start(t testing.TB) {
	t.Helper()
	p.process = run(t, p.command("postgres", "-D", p.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(p.Port), "-k", p.dir, "-c", "fsync=off", "-c", "max_connections=40"))
	p.process.await(t, p.ready)
}

// ready asks whether it takes connections: it answers a request for TLS with N, and
// a start message with a request for a password.
func (p *Postgres) ready() error {
	c, err := net.DialTimeout("tcp", p.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	message := "\x00\x03\x00\x00user\x00leat\x00\x00"
	n := len(message) + 4
	if _, err := c.Write(append([]byte{0, 0, 0, byte(n)}, message...)); err != nil {
		return err
	}
	answer := make([]byte, 1)
	if _, err := c.Read(answer); err != nil {
		return err
	}
	if answer[0] != 'R' {
		return fmt.Errorf("it answers %q", answer)
	}
	return nil
}

// Stop ends it and those who are connected.
func (p *Postgres) Stop() { p.process.stop(syscall.SIGINT) }
