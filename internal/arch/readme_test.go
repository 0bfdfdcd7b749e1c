package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeCommands wants every command in the README to be run by the script
// that is named for it, or by make.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../testdata/script/readme.txtar")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(readme, -1) {
		for _, line := range strings.Split(strings.TrimSpace(string(block[1])), "\n") {
			commands++
			if target, ok := strings.CutPrefix(line, "make "); ok {
				if !strings.Contains(string(makefile), "\n"+target+":") {
					t.Errorf("README: there is no make target %s", target)
				}
				continue
			}
			if !strings.Contains(string(script), line) {
				t.Errorf("README: testdata/script/readme.txtar does not run: %s", line)
			}
		}
	}
	if commands < 6 {
		t.Errorf("found %d commands in the README, want at least 6", commands)
	}
}
