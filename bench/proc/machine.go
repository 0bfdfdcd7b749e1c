package proc

import (
	"bytes"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Busy returns the CPU time that all processes of the machine have used, from
// the first line of /proc/stat: all its columns but idle, iowait and those of
// guests, which are in user already. 0 when it cannot be read.
func Busy(fsys fs.FS) time.Duration {
	text, _ := fs.ReadFile(fsys, "stat")
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	var sum time.Duration
	for i, f := range strings.Fields(string(line)) {
		if i == 0 || i == 4 || i == 5 || i > 8 {
			continue
		}
		n, _ := strconv.ParseInt(f, 10, 64)
		sum += time.Duration(n) * tick
	}
	return sum
}

// Machine names the CPU and the kernel, for the head of a report.
func Machine(fsys fs.FS) string {
	cpu, _ := fs.ReadFile(fsys, "cpuinfo")
	_, model, _ := bytes.Cut(cpu, []byte("model name\t: "))
	model, _, _ = bytes.Cut(model, []byte{'\n'})
	kernel, _ := fs.ReadFile(fsys, "sys/kernel/osrelease")
	load, _ := fs.ReadFile(fsys, "loadavg")
	return string(model) + ", kernel " + strings.TrimSpace(string(kernel)) +
		", load " + strings.TrimSpace(string(load))
}
