package record

import (
	"errors"
	"io"

	"github.com/leat-ml/leat/stream"
)

// Unpack makes messages of the records of one in the compact code, as MLRun writes
// records: it is a [stream.Unpacker] for [ContentType].
func Unpack(body []byte) ([]*stream.Message, error) {
	var w writer
	d := Decode(body)
	for {
		r, err := d.Next()
		switch {
		case errors.Is(err, io.EOF):
			return w.messages(), nil
		case err != nil:
			return nil, err
		case r.Batch == 0:
			w.text = r.AppendJSON(w.text)
		default:
			if err := w.batch(d, r); err != nil {
				return nil, err
			}
		}
		w.end()
	}
}

func (w *writer) messages() []*stream.Message {
	ms, from := make([]*stream.Message, len(w.ends)), 0
	for i, end := range w.ends {
		ms[i] = &stream.Message{Body: w.text[from:end:end]}
		from = end
	}
	return ms
}
