package remote

import (
	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// checked looks whether bytes are JSON, without making anything of it.
var checked = &serve.Decoder{Decode: func(raw []byte) (any, error) {
	lx := jsontext.Lexer{Data: raw}
	if err := lx.Skip(); err != nil {
		return nil, err
	}
	return nil, lx.End()
}}

// jsonReply says that a body of bytes is JSON.
var jsonReply = &serve.Reply{ContentType: "application/json"}

// document is a body of bytes that is an object or a list in JSON. What passes
// through from one service to the next is never read in full: that takes eight
// times as long as looking whether it is valid. Keys that are there twice are
// found by whoever reads it.
func document(b serve.Body) (raw []byte, ok bool) {
	raw, ok = b.Raw()
	return raw, ok && isDocument(b)
}

func isDocument(b serve.Body) bool {
	raw, _ := b.Raw()
	for _, c := range raw {
		switch c {
		case ' ', '\t', '\n', '\r':
			continue
		case '{', '[':
			_, err := b.View(checked)
			return err == nil
		}
		break
	}
	return false
}
