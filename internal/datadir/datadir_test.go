package datadir

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestMadeAtTheFirstWrite(t *testing.T) {
	t.Chdir(t.TempDir())
	d, err := New(filepath.Join("a", Default))
	if err != nil {
		t.Fatal(err)
	}
	sub := d.Sub("streams")
	if !filepath.IsAbs(sub.Path()) || !strings.HasSuffix(sub.Path(), filepath.Join("a", Default, "streams")) {
		t.Errorf("the path is %s", sub.Path())
	}
	if exists("a") {
		t.Error("there is a folder before anything was written")
	}
	for range 2 {
		if err := sub.Claim(); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(d.Path()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info, err)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Claim(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("claimed behind its end: %v", err)
	}
	if !exists(d.Path()) {
		t.Error("the folder went with the server")
	}
}

func TestOneServerAtATime(t *testing.T) {
	path := t.TempDir()
	first, second := open(t, path), open(t, path)
	if err := first.Claim(); err != nil {
		t.Fatal(err)
	}
	err := second.Claim()
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())+")") || !strings.Contains(err.Error(), "--data") {
		t.Errorf("two servers have the folder: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Claim(); err != nil {
		t.Errorf("after the first has let go: %v", err)
	}
}

// TestLetGoWhileAProgramStarts: a process that has been forked, and is not yet the
// program that it will be, has copies of all that is open. The lock does not stay
// with it.
func TestLetGoWhileAProgramStarts(t *testing.T) {
	path := t.TempDir()
	first, second := open(t, path), open(t, path)
	if err := first.Claim(); err != nil {
		t.Fatal(err)
	}
	forked, err := syscall.Dup(int(first.lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(forked)
	if err := errors.Join(first.Close(), second.Claim()); err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// TestOtherProcess has another process hold the folder, and die.
func TestOtherProcess(t *testing.T) {
	if path := os.Getenv("DATADIR_HOLD"); path != "" {
		if err := open(t, path).Claim(); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("held\n")
		select {} // until it is killed
	}
	path := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$") //nolint:gosec // this test
	cmd.Env = append(os.Environ(), "DATADIR_HOLD="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).Claim(); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), strconv.Itoa(cmd.Process.Pid)) {
		t.Errorf("while process %d has it: %v", cmd.Process.Pid, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err := open(t, path).Claim(); err != nil {
		t.Errorf("when it was killed: %v", err)
	}
}

func TestTemporary(t *testing.T) {
	d := Temporary()
	if exists(d.Path()) {
		t.Error("it is there before anybody writes")
	}
	if err := d.Claim(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path(), "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil || exists(d.Path()) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestRefused(t *testing.T) {
	if _, err := New(""); err == nil {
		t.Error("no path is a path")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, file).Claim(); err == nil || !strings.Contains(err.Error(), "make the data folder") {
		t.Errorf("a file for a folder: %v", err)
	}
}
