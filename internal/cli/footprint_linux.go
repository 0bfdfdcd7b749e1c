package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

const adviseNoHugePage = 15 // MADV_NOHUGEPAGE, which package syscall lacks

// trimProgram gives back the memory of the program's code and constants that
// nothing has used since the last time, and has what is used again come in small
// pieces. Where a file system keeps files in large folios, Linux maps two
// megabytes of a program at a time: all of it, soon, though a server that has no
// database and no stream needs a third. What was given back is still in the
// system's cache of files: to come back costs a microsecond.
func trimProgram() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return // nothing depends on it
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	var m mapping
	for lines := bufio.NewScanner(f); lines.Scan(); {
		switch line := lines.Text(); {
		case m.parse(line):
		case line == "Anonymous:             0 kB" && m.path == self && !strings.Contains(m.access, "w"):
			m.trim() // no page of it was ever written: all are as in the file
		}
	}
}

// A mapping is one of the address ranges of a process (proc_pid_smaps(5)).
type mapping struct {
	from, to uintptr
	access   string // "r-xp"
	path     string
}

// parse reads the first line of a mapping, and reports whether it is one.
func (m *mapping) parse(line string) bool {
	var next mapping
	var offset, device, inode string
	n, _ := fmt.Sscanf(line, "%x-%x %s %s %s %s %s", &next.from, &next.to, &next.access, &offset, &device, &inode, &next.path)
	if n < 6 {
		return false
	}
	*m = next
	return true
}

// trim gives the pages back. Advice that is not taken does no harm.
func (m *mapping) trim() {
	for _, advice := range []uintptr{adviseNoHugePage, syscall.MADV_DONTNEED} {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, advice)
	}
}
