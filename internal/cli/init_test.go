package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInitGo builds and tests the Go project that init makes, against this
// checkout, as its README says.
func TestInitGo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "my server")
	if exit, _, errs := runOut(t, Env{}, "init", dir, "--template", "go"); exit != Done {
		t.Fatal(errs)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"mod", "edit", "-replace", "github.com/leat-ml/leat=" + root},
		{"vet", "-mod=mod", "./..."},
		{"test", "-mod=mod", "./..."},
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

func TestProjectName(t *testing.T) {
	for folder, want := range map[string]string{
		"models": "models", "my server": "my-server", "..": "project", "ü": "project", "a/b": "a-b", "v1.2_x-": "v1.2_x",
	} {
		if got := projectName(folder); got != want {
			t.Errorf("projectName(%q) = %q, want %q", folder, got, want)
		}
	}
}

func TestRelease(t *testing.T) {
	for version, want := range map[string]string{"v1.2.3": "v1.2.3", "dev": "v0.0.0", "v1.2.3-4-gabc": "v0.0.0", "": "v0.0.0"} {
		if got := release(version); got != want {
			t.Errorf("release(%q) = %q, want %q", version, got, want)
		}
	}
}
