package python

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// An Interpreter is a Python that can run workers.
type Interpreter struct {
	Path    string // of the executable
	Version string // "3.11.7"
	From    string // where it was named or found, for people
}

// oldest is the least version that the worker's program runs on.
const (
	oldestMajor = 3
	oldestMinor = 9
)

// asked is how long an interpreter may take to tell its version.
const asked = 30 * time.Second

// find finds the interpreter that the code runs on: the one that is named, that
// of the virtual environment which is active, that of one beside the spec, or
// python3 of the path.
func (c *Code) find(ctx context.Context) (*Interpreter, error) {
	path, from, err := c.candidate()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	const question = "import sys; print('%d.%d.%d' % sys.version_info[:3]); print(sys.executable)"
	cmd := exec.CommandContext(ctx, path, "-I", "-S", "-c", question)
	cmd.WaitDelay = 10 * time.Second // for what it has written, once it has ended
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the Python interpreter %s (%s) does not run: %w%s", path, from, err, firstLine(err))
	}
	return parseVersion(path, from, string(out))
}

func parseVersion(path, from, out string) (*Interpreter, error) {
	version, executable, _ := strings.Cut(strings.TrimSpace(out), "\n")
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return nil, fmt.Errorf("%s (%s) is no Python interpreter: it says that its version is %.60q", path, from, version)
	}
	if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return nil, fmt.Errorf("the Python interpreter %s (%s) is version %s: at least %d.%d is needed", path, from, version, oldestMajor, oldestMinor)
	}
	if executable = strings.TrimSpace(executable); filepath.IsAbs(executable) {
		path = executable // behind wrappers that choose between several
	}
	return &Interpreter{Path: path, Version: version, From: from}, nil
}

// firstLine is the first line that a command wrote to stderr.
func firstLine(err error) string {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || len(exit.Stderr) == 0 {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
	return ": " + line
}

// candidate is the interpreter to try, and where it comes from.
func (c *Code) candidate() (path, from string, err error) {
	if c.Interpreter != "" {
		return c.named()
	}
	if venv := os.Getenv("VIRTUAL_ENV"); venv != "" {
		if path := filepath.Join(venv, "bin", "python"); isFile(path) {
			return path, "of VIRTUAL_ENV", nil
		}
	}
	for _, folder := range []string{c.Folder, c.home()} {
		if path := filepath.Join(folder, ".venv", "bin", "python"); isFile(path) {
			if path, err = filepath.Abs(path); err == nil {
				return path, "of .venv beside the spec", nil
			}
		}
	}
	if path, err = exec.LookPath("python3"); err == nil {
		return path, "python3 of the PATH", nil
	}
	return "", "", errors.New("there is no Python interpreter: install python3, or name one as python.interpreter in the spec")
}

// home is the folder of the spec.
func (c *Code) home() string { return cmp.Or(c.Home, c.Folder) }

// named is the interpreter that the spec names: a path, or a command.
func (c *Code) named() (path, from string, err error) {
	const where = "python.interpreter of the spec"
	path = c.Interpreter
	if !strings.ContainsRune(path, filepath.Separator) && !isFolder(filepath.Join(c.home(), path)) {
		if path, err = exec.LookPath(path); err != nil {
			return "", "", fmt.Errorf("the Python interpreter %s (%s) is not found: %w", c.Interpreter, where, errors.Unwrap(err))
		}
		return path, where, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.home(), path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", "", fmt.Errorf("the Python interpreter %s (%s) does not exist", path, where)
	case err != nil:
		return "", "", fmt.Errorf("the Python interpreter (%s): %w", where, err)
	case info.IsDir():
		path = filepath.Join(path, "bin", "python") // a virtual environment
	}
	path, err = filepath.Abs(path)
	return path, where, err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
