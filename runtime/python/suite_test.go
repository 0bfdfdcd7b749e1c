package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestWorkerSuite runs the tests of the worker's side, which are in Python: with the
// packages of .venv where it is there, else without any.
func TestWorkerSuite(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("it is long, and nothing in it is Go")
	}
	interpreter, err := filepath.Abs("../../.venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(interpreter); err != nil {
		interpreter = "python3"
	}
	cmd := exec.CommandContext(t.Context(), interpreter, "-m", "unittest", "discover", "-s", "tests", "-t", ".")
	cmd.Dir = "worker"
	cmd.Env = append(os.Environ(), "LEAT_PYTHON="+interpreter, "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
