package document

import (
	"bytes"
	"path"
)

// maxDepth is how deep values may be nested; jsontext has the same limit.
const maxDepth = 100

// maxAliased is how many values the aliases of a document may stand for.
const maxAliased = 10_000

// Options change what a document means.
type Options struct {
	// Lookup finds the variables that ${NAME} in a value names; nil leaves such
	// text alone. See [Parse].
	Lookup func(name string) (value string, ok bool)
	// Loose leaves ${…} that names no variable as it is; else it is a problem.
	Loose bool
}

// Parse reads the one document in data. A name that ends in .json makes it
// JSON, .yaml or .yml YAML; under any other name it is JSON if it begins with a
// bracket or brace. An empty document is Null. The node is nil where problems
// leave nothing to look at.
//
// With [Options.Lookup], ${NAME} in a value stands for a variable. NAME is
// letters, digits and underscores, not beginning with a digit. $${ stands for
// ${ itself; any other $ is just that. Keys are left alone. What comes in is
// never read as YAML or JSON, and a YAML scalar without quotes that held a
// variable is then a number, boolean or null if it looks like one, so that
// "k: ${K}" can be a number and `k: "${K}"` is always text.
func Parse(name string, data []byte, o Options) (*Node, []Problem) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	head := bytes.TrimLeft(data, " \t\r\n")
	bracket := len(head) > 0 && (head[0] == '{' || head[0] == '[')
	switch path.Ext(name) {
	case ".json":
		return parseJSON(data, o)
	case ".yaml", ".yml":
		if !bracket {
			return parseYAML(data, o)
		}
		if n, problems := parseJSON(data, o); n != nil {
			return n, problems
		}
		return parseYAML(data, o) // a flow mapping is YAML too
	}
	if bracket {
		return parseJSON(data, o)
	}
	return parseYAML(data, o)
}

// A locator finds lines and columns, cheaply when it is asked in order.
type locator struct {
	data []byte
	off  int
	at   Pos
}

func (l *locator) pos(off int) Pos {
	if off < l.off || l.at.Line == 0 {
		l.off, l.at = 0, Pos{1, 1}
	}
	for ; l.off < off; l.off++ {
		switch c := l.data[l.off]; {
		case c == '\n':
			l.at = Pos{l.at.Line + 1, 1}
		case c&0xc0 != 0x80: // not inside a character
			l.at.Col++
		}
	}
	return l.at
}
