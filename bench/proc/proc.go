// Package proc reads what a process and its children have used from Linux's
// /proc: CPU time and resident memory. [Read] takes one [Usage]; [CPUBetween]
// turns two into the CPU time spent between them. See proc_pid_stat(5) and, for
// schedstat, Documentation/scheduler/sched-stats.rst of the kernel.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of utime and stime: sysconf(_SC_CLK_TCK) is 100 on every
// architecture that Go runs on.
const tick = 10 * time.Millisecond

// Usage is what a process tree has used so far.
type Usage struct {
	Ticks    time.Duration         // utime + stime, ended children included; in steps of 10 ms
	Threads  map[int]time.Duration // CPU time of every living thread, in ns; nil without schedstat
	Resident int64                 // bytes, all processes of the tree
	Peak     int64                 // bytes, the sum of the peaks of the processes
}

// System is the /proc of this machine, or an error on other systems.
func System() (fs.FS, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("read /proc: CPU and memory of a server are only measured on Linux, this is %s", runtime.GOOS)
	}
	return os.DirFS("/proc"), nil
}

// Read returns the usage of pid and all its descendants.
func Read(fsys fs.FS, pid int) (Usage, error) {
	u := Usage{Threads: map[int]time.Duration{}}
	for _, child := range Descendants(fsys, pid) {
		if err := u.add(fsys, child); err != nil && !ended(err) {
			return Usage{}, fmt.Errorf("read usage of process %d: %w", child, err)
		}
	}
	// Last, since looking for the descendants takes milliseconds.
	if err := u.add(fsys, pid); err != nil {
		return Usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	return u, nil
}

// ended says whether an error is that a process is not there any more: its files are
// gone, or cannot be read because it has ended since they were opened.
func ended(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// CPUBetween returns the CPU time used from before to after: in nanoseconds by
// the living threads, or in ticks where these say that threads have ended in
// between and took their nanoseconds with them.
func CPUBetween(before, after Usage) time.Duration {
	ticks := after.Ticks - before.Ticks
	if before.Threads == nil || after.Threads == nil {
		return ticks
	}
	var sum time.Duration
	for id, used := range after.Threads {
		sum += used - before.Threads[id]
	}
	if ticks > sum+5*tick {
		return ticks
	}
	return sum
}

func (u *Usage) add(fsys fs.FS, pid int) error {
	dir := strconv.Itoa(pid)
	stat, err := readStat(fsys, dir)
	if err != nil {
		return err
	}
	u.Ticks += stat.cpu
	status, err := fs.ReadFile(fsys, path.Join(dir, "status"))
	if err != nil {
		return err
	}
	u.Resident += kilobytes(status, "VmRSS:")
	u.Peak += kilobytes(status, "VmHWM:")
	u.addThreads(fsys, path.Join(dir, "task"))
	return nil
}

func (u *Usage) addThreads(fsys fs.FS, dir string) {
	tasks, err := fs.ReadDir(fsys, dir)
	if err != nil {
		u.Threads = nil
	}
	for _, t := range tasks {
		id, _ := strconv.Atoi(t.Name())
		text, err := fs.ReadFile(fsys, path.Join(dir, t.Name(), "schedstat"))
		if err != nil || u.Threads == nil {
			u.Threads = nil // the thread has just ended, or the kernel has no schedstat
			return
		}
		first, _, _ := bytes.Cut(text, []byte{' '})
		ns, _ := strconv.ParseInt(string(first), 10, 64)
		u.Threads[id] = time.Duration(ns)
	}
}

type stat struct {
	parent int
	cpu    time.Duration
}

var errStat = errors.New("stat: unknown format")

// readStat reads /proc/PID/stat. The name in its second field may hold spaces
// and parentheses, so fields are counted from the last parenthesis.
func readStat(fsys fs.FS, dir string) (stat, error) {
	text, err := fs.ReadFile(fsys, path.Join(dir, "stat"))
	if err != nil {
		return stat{}, err
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 15 { // field 3 is f[0]; 14 to 17 are utime, stime, cutime, cstime
		return stat{}, errStat
	}
	var s stat
	if s.parent, err = strconv.Atoi(f[1]); err != nil {
		return stat{}, errStat
	}
	for _, field := range f[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return stat{}, errStat
		}
		s.cpu += time.Duration(n) * tick
	}
	return s, nil
}

// kilobytes returns the value of a "Name:  123 kB" line, in bytes, or 0.
func kilobytes(status []byte, name string) int64 {
	_, rest, _ := bytes.Cut(status, []byte("\n"+name))
	f := bytes.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(f[0]), 10, 64)
	return n << 10
}

// Descendants returns the children of pid, their children, and so on.
func Descendants(fsys fs.FS, pid int) []int {
	children := map[int][]int{}
	entries, _ := fs.ReadDir(fsys, ".")
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, err := readStat(fsys, e.Name()); err == nil {
			children[s.parent] = append(children[s.parent], id)
		}
	}
	tree := children[pid]
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	return tree
}
