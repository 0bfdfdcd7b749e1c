package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	commandsInReadme = regexp.MustCompile("(?s)```sh\n(.*?)```")
	askedInReadme    = regexp.MustCompile("(?s)```sh\ncurl (?:-N )?localhost:8080(\\S+) -d '([^\n]*)'\n```\n\n```\n(.*?)```")
)

// TestStreamingStarter makes the project whose models answer many times, and does what
// its README says: the commands, and what is asked, which is answered to the byte.
func TestStreamingStarter(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	folder := filepath.Join(t.TempDir(), "my writer")
	if out, err := exec.Command("leat", "init", folder, "--template", "streaming").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for _, block := range commandsInReadme.FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(block[1]) {
			fields := strings.Fields(strings.Split(line, "#")[0])
			if len(fields) < 2 || fields[0] != "leat" || fields[1] == "serve" {
				continue // what serves is what is asked below
			}
			cmd := exec.CommandContext(t.Context(), "leat", fields[1:]...)
			cmd.Dir = folder
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s%v\n%s", line, err, out)
			}
			ran[fields[1]]++
		}
	}
	asked := askedInReadme.FindAllStringSubmatch(string(readme), -1)
	if ran["check"] != 1 || ran["test"] != 1 || len(asked) != 4 {
		t.Fatalf("the README has commands %v, and asks %d times", ran, len(asked))
	}
	url := serving(t, folder)
	for _, a := range asked {
		if got := answerTo(t, url+a[1], a[2]); strings.TrimRight(got, "\n") != strings.TrimRight(a[3], "\n") {
			t.Errorf("%s %s\n%s\nwant\n%s", a[1], a[2], got, a[3])
		}
	}
}

func answerTo(t *testing.T, url, body string) string {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
