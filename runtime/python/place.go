package python

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// framed is a line of a stack as Python's faulthandler writes it to stderr.
var framed = regexp.MustCompile(`^\s*File "([^"]+)", line (\d+) in (\S+)`)

// placeIn finds where the user's code was in the last stack among lines of stderr:
// "code.py:12 in predict"; "" where there is none. Stacks begin with the innermost
// call.
func placeIn(lines []string) string {
	library := ""
	for _, line := range lines[lastStack(lines):] {
		m := framed.FindStringSubmatch(line)
		if len(m) == 0 || strings.Contains(m[1], "/leat_worker/") || strings.HasPrefix(m[1], "<") {
			continue
		}
		place := fmt.Sprintf("%s:%s in %s", filepath.Base(m[1]), m[2], m[3])
		if !strings.Contains(m[1], "/site-packages/") && !strings.Contains(m[1], "/lib/python3") {
			return place
		}
		if library == "" {
			library = place
		}
	}
	return library
}

// lastWords are the last n lines that are not of stacks.
func lastWords(lines []string, n int) []string {
	var words []string
	for _, line := range slices.Backward(lines) {
		if framed.MatchString(line) || strings.HasSuffix(line, stackHead) {
			continue
		}
		if words = append(words, line); len(words) == n {
			break
		}
	}
	slices.Reverse(words)
	return words
}

// stackHead ends the line above a stack.
const stackHead = "(most recent call first):"

// lastStack is where the stack of the thread in question begins.
func lastStack(lines []string) int {
	any := len(lines)
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "Current thread ") {
			return i
		}
		if any == len(lines) && strings.HasSuffix(lines[i], stackHead) {
			any = i
		}
	}
	return any
}
