package proc

import (
	"io/fs"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

func statLine(pid, name, parent, times string) string {
	return pid + " (" + name + ") S " + parent + " 7 7 0 -1 4194560 1234 0 5 0 " + times + " 20 0 4 0 987 1261568000 2048 18446744073709551615 0 0 0\n"
}

const status = "Name:\tsrv\nVmPeak:\t 1231999 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nThreads:\t2\n"

// golden is a server (7) with a child (9), its child (12), and a stranger (8).
func golden() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"7/stat":               file(statLine("7", "srv", "1", "150 50 10 5")),
		"7/status":             file(status),
		"7/task/7/schedstat":   file("1500000000 77181 100\n"),
		"7/task/10/schedstat":  file("500000123 5 100\n"),
		"8/stat":               file(statLine("8", "other", "1", "999 999 0 0")),
		"9/stat":               file(statLine("9", "a) S (1", "7", "1 2 0 0")),
		"9/status":             file("Name:\tpy\n"),
		"9/task/9/schedstat":   file("31000000 5 1\n"),
		"12/stat":              file(statLine("12", "leaf", "9", "0 0 0 0")),
		"12/status":            file(status),
		"12/task/12/schedstat": file("7 5 1\n"),
		"self/stat":            file("not a number"),
		"stat":                 file("cpu  100 1 50 5000 20 3 4 2 7 0\ncpu0 1 2 3\n"),
		"cpuinfo":              file("processor\t: 0\nmodel name\t: Fast CPU\ncache\t: 1\n"),
		"sys/kernel/osrelease": file("6.1.0\n"),
		"loadavg":              file("0.41 0.16 0.06 1/100 5\n"),
	}
}

func TestRead(t *testing.T) {
	u, err := Read(golden(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if want := (150 + 50 + 10 + 5 + 1 + 2) * tick; u.Ticks != want {
		t.Errorf("ticks: got %v, want %v", u.Ticks, want)
	}
	if len(u.Threads) != 4 || u.Threads[10] != 500000123 || u.Threads[12] != 7 {
		t.Errorf("threads: got %v", u.Threads)
	}
	if u.Resident != 20480<<10 || u.Peak != 40960<<10 {
		t.Errorf("memory: got %d, peak %d", u.Resident, u.Peak)
	}
}

// ending is a /proc in which a file cannot be read from some time on.
type ending struct {
	fstest.MapFS
	name  string
	reads int // that are left
	err   error
}

func (e *ending) ReadFile(name string) ([]byte, error) {
	if name == e.name {
		if e.reads--; e.reads < 0 {
			return nil, &fs.PathError{Op: "read", Path: name, Err: e.err}
		}
	}
	return e.MapFS.ReadFile(name)
}

// TestReadEnding has a child end while it is looked at.
func TestReadEnding(t *testing.T) {
	for _, err := range []error{syscall.ESRCH, syscall.ENOENT} {
		for name, reads := range map[string]int{"9/stat": 1, "9/status": 0} {
			if _, err := Read(&ending{golden(), name, reads, err}, 7); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := Read(&ending{golden(), "7/status", 0, err}, 7); err == nil {
			t.Error("the server itself has ended, and that is no error")
		}
	}
}

func TestDescendants(t *testing.T) {
	got := Descendants(golden(), 7)
	slices.Sort(got)
	if !slices.Equal(got, []int{9, 12}) {
		t.Errorf("got %v, want 9 and 12", got)
	}
}

func TestReadRefuses(t *testing.T) {
	if _, err := Read(golden(), 77); err == nil {
		t.Error("no such process: no error")
	}
	for _, text := range []string{"", "7 (srv", "7 (srv) S x 7 7 0 -1 4194560 1234 0 5 0 1 2 3 4 5", "7 (srv) S 1 7 7 0 -1 0 0 0 0 0 x 2 3 4 5", "7 (srv) S 1 2 3"} {
		fsys := golden()
		fsys["7/stat"] = &fstest.MapFile{Data: []byte(text)}
		if _, err := Read(fsys, 7); err == nil {
			t.Errorf("stat %q: no error", text)
		}
	}
}

func TestReadWithoutSchedstat(t *testing.T) {
	fsys := golden()
	delete(fsys, "9/task/9/schedstat")
	fsys["9/task/9/stat"] = &fstest.MapFile{}
	u, err := Read(fsys, 7)
	if err != nil || u.Threads != nil || u.Ticks == 0 {
		t.Errorf("got %+v, %v, want ticks alone", u, err)
	}
}

func TestCPUBetween(t *testing.T) {
	type threads = map[int]time.Duration
	tests := []struct {
		name          string
		before, after Usage
		want          time.Duration
	}{
		{"threads", Usage{Threads: threads{1: 5, 2: 7}}, Usage{Ticks: tick, Threads: threads{1: 8, 2: 7, 3: 100}}, 103},
		{"a thread has ended", Usage{Threads: threads{1: 5, 2: 7}}, Usage{Ticks: 20 * tick, Threads: threads{1: 8}}, 20 * tick},
		{"no schedstat", Usage{Ticks: tick}, Usage{Ticks: 3 * tick, Threads: threads{1: 8}}, 2 * tick},
	}
	for _, tt := range tests {
		if got := CPUBetween(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestMachine(t *testing.T) {
	if got, want := Busy(golden()), 160*tick; got != want {
		t.Errorf("busy: got %v, want %v", got, want)
	}
	if got, want := Machine(golden()), "Fast CPU, kernel 6.1.0, load 0.41 0.16 0.06 1/100 5"; got != want {
		t.Errorf("machine: got %q, want %q", got, want)
	}
}

func TestThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc is Linux's")
	}
	fsys, err := System()
	if err != nil {
		t.Fatal(err)
	}
	u, err := Read(fsys, os.Getpid())
	if err != nil || u.Resident == 0 || u.Peak < u.Resident {
		t.Errorf("got %+v, %v", u, err)
	}
}
