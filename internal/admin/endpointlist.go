package admin

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/leat-ml/leat/endpoint"
)

// A listing writes {"endpoints": […]}, however many there are: a part at a time, so
// that neither a database nor much memory is kept for a client that reads slowly.
type listing struct {
	w    http.ResponseWriter
	q    endpoint.Query
	list func(q endpoint.Query, dst []byte) (list []byte, next string, err error)
}

// partOfList is how many records are read at a time.
const partOfList = 1000

type pagination struct {
	Size int    `json:"page-size,omitempty"`
	Next string `json:"page-token,omitempty"`
}

// texts are the parts of lists.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// write answers, or returns why it cannot. Once a part of the list is on its way
// there is no other way to tell of a failure than to end the connection.
func (l *listing) write() error {
	text := texts.Get().(*[]byte)
	defer texts.Put(text)
	size := l.q.Limit
	begun := false
	for left := size; ; {
		l.q.Limit = partOfList
		if size > 0 {
			l.q.Limit = min(left, partOfList)
		}
		next, err := l.part(text, begun)
		switch {
		case err != nil && begun:
			panic(http.ErrAbortHandler) //nolint:forbidigo // how a handler ends a connection
		case err != nil:
			return err
		}
		left -= l.q.Limit
		if next == "" || size > 0 && left <= 0 {
			return l.end(text, size, next, begun)
		}
		if !begun {
			header(l.w)
			begun = true
		}
		if _, err := l.w.Write(*text); err != nil {
			return nil // the client has gone
		}
		l.q.After = next
	}
}

// part makes the text of the next records: the first behind the head of the answer,
// later ones behind a comma; the list's end is left out.
func (l *listing) part(text *[]byte, begun bool) (next string, err error) {
	dst := (*text)[:0]
	if !begun {
		dst = append(dst, `{"endpoints":`...)
	}
	dst, next, err = l.list(l.q, dst)
	if err != nil {
		return "", err
	}
	dst = dst[:len(dst)-1]
	if begun {
		dst[0] = ','
		if len(dst) == 1 { // what was there is gone meanwhile
			dst = dst[:0]
		}
	}
	*text = dst
	return next, nil
}

// end writes the last part, with what is behind it.
func (l *listing) end(text *[]byte, size int, next string, begun bool) error {
	dst := append(*text, ']')
	if size > 0 {
		page, err := json.Marshal(pagination{size, next})
		if err != nil {
			return err
		}
		dst = append(append(dst, `,"pagination":`...), page...)
	}
	dst = append(dst, "}\n"...)
	*text = dst
	if !begun {
		header(l.w)
	}
	l.w.Write(*text)
	return nil
}
