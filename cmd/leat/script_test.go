package main

import (
	"errors"
	"flag"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts compare with anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"leat": main})
}

// TestScripts runs the scripts in testdata/script, which double as
// documentation of the command. In them $ROOT is the root of the project.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(root, "testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "onnxruntime" {
				return false, errors.New("unknown condition")
			}
			found, err := filepath.Glob(filepath.Join(root, "lib", "libonnxruntime.*"))
			return len(found) > 0, err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": await},
	})
}

// await waits until a file, or what a URL gives, has a line that matches a pattern,
// and sets the variables that the following arguments name to its groups: what a
// server in the background printed, or counts.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await file pattern [variable ...]")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	read, names := func() ([]byte, error) { return os.ReadFile(ts.MkAbs(args[0])) }, args[2:]
	if strings.HasPrefix(args[0], "http://") {
		read = func() ([]byte, error) { return fetch(args[0]) }
	}
	var content []byte
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		content, err = read()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("%v", err)
		}
		if m := re.FindSubmatch(content); len(m) > len(names) {
			for i, name := range names {
				ts.Setenv(name, string(m[i+1]))
			}
			return
		}
	}
	ts.Fatalf("%s does not match %s:\n%s", args[0], args[1], content)
}

func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}
