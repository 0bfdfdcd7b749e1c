package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

func parseYAML(data []byte, o Options) (*Node, []Problem) {
	if p, ok := unreadable(data); ok {
		return nil, []Problem{p}
	}
	end := (&locator{data: data}).pos(len(data))
	root, problem := loadYAML(data, end)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	if root == nil {
		return newScalar(Pos{1, 1}, Null, "", nil), nil
	}
	r := &yamlReader{o: variables{o, maxExpanded}, end: end, anchored: map[*yaml.Node]*Node{}}
	n := r.node(root)
	if r.overfull {
		return nil, r.problems
	}
	return n, r.problems
}

// unreadable finds the first character that YAML has no use for, a second byte
// order mark among them. The library would find most of them too, but not say
// where.
func unreadable(data []byte) (Problem, bool) {
	at := locator{data: data}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			return Problem{at.pos(i), "not YAML: the text is not valid UTF-8"}, true
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xfffe, r == 0xffff, i == 0 && r == 0xfeff:
			return Problem{at.pos(i), fmt.Sprintf("not YAML: character %U", r)}, true
		}
		i += size
	}
	return Problem{}, false
}

// loadYAML returns the one document in data, nil if there is none.
func loadYAML(data []byte, end Pos) (*yaml.Node, *Problem) {
	limits := loaderlimits.New(loaderlimits.DepthValue(maxDepth))
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(limits))
	if err != nil {
		return nil, &Problem{Msg: err.Error()}
	}
	var doc, second yaml.Node
	if err = loader.Load(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		if err = loader.Load(&second); errors.Is(err, io.EOF) {
			return &doc, nil
		}
	}
	if err == nil {
		return nil, &Problem{within(Pos{second.Line, second.Column}, end), "a second document begins here; one is expected"}
	}
	return nil, syntax(data, end, err)
}

// syntax is the problem that the library's error tells of.
func syntax(data []byte, end Pos, err error) *Problem {
	var e *yaml.LoadError
	if !errors.As(err, &e) || e.Mark.Line == 0 {
		return &Problem{Pos{1, 1}, "not YAML: " + err.Error()}
	}
	pos, msg := within(Pos{e.Mark.Line, e.Mark.Column}, end), e.Message
	if strings.Contains(msg, "max depth") {
		msg = fmt.Sprintf("nested more than %d deep", maxDepth)
	} else if strings.Contains(msg, "start any token") && tabAt(data, pos) {
		msg = "a tab cannot indent, use spaces"
	} else if e.ContextMsg != "" {
		msg += " " + e.ContextMsg
	}
	return &Problem{pos, "not YAML: " + msg}
}

func tabAt(data []byte, pos Pos) bool {
	for range pos.Line - 1 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	runes := []rune(string(line))
	return pos.Col <= len(runes) && runes[pos.Col-1] == '\t'
}
