package record

import (
	"encoding/binary"
	"errors"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// appendPayload appends what a record says beside its source, notes and time. Nothing of
// the record is held on to. weight is how many inferences it stands for.
func appendPayload(dst []byte, r *serve.Record, weight int) []byte {
	at := len(dst)
	dst = append(dst, 0)
	dst = binary.AppendUvarint(dst, uint64(max(0, r.Duration.Microseconds())))
	flags := byte(0)
	if weight != 1 {
		flags |= hasWeight
		dst = binary.AppendUvarint(dst, uint64(weight))
	}
	dst = appendEventID(appendOperation(dst, r.Op), r.EventID)
	var is byte
	dst, is = appendRequest(dst, r)
	flags |= is
	dst, is = appendAnswer(dst, r)
	dst[at] = flags | is
	return dst
}

// appendRequest appends the request: the JSON that came, if it is MLRun's and
// nothing of it was replaced, else tensors.
func appendRequest(dst []byte, r *serve.Record) ([]byte, byte) {
	req := r.Request
	switch {
	case r.Chosen != nil && (r.Chosen.Inputs != nil || r.Chosen.Outputs != nil):
		return appendRequestObject(dst, func(dst []byte) ([]byte, error) {
			dst = appendID(append(dst, `{"id":`...), idOf(r), rawIDOf(r))
			return appendMember(dst, `,"inputs":`, orNone(r.Chosen.Inputs))
		}), requestText
	case req == nil:
		return dst, 0
	case len(req.Inputs) > 0 && (req.Dialect == serve.OIP || req.Replaced()):
		dst = appendText(dst, req.RawID)
		return appendTensors(dst, req.Inputs), requestTensors
	case req.Dialect == serve.OIP, req.Replaced(), req.Body.Empty():
		return appendRequestObject(dst, func(dst []byte) ([]byte, error) { return appendMade(dst, req) }), requestText | withoutOwnID(req)
	}
	if raw, ok := req.Body.Raw(); ok {
		if !isObject(raw) { // bytes that were made inputs
			return appendRequestObject(dst, func(dst []byte) ([]byte, error) { return appendMade(dst, req) }), requestText | withoutOwnID(req)
		}
		return appendDigits(dst, raw), requestText | withoutOwnID(req)
	}
	return appendRequestObject(dst, func(dst []byte) ([]byte, error) { return oip.AppendBody(dst, req.Body) }), requestText | withoutOwnID(req)
}

func withoutOwnID(req *serve.Request) byte {
	if req.RawID == nil {
		return withoutID
	}
	return 0
}

// appendMade appends a request that no client has written: its id, if it has one,
// and its inputs.
func appendMade(dst []byte, req *serve.Request) ([]byte, error) {
	dst = append(dst, '{')
	if req.RawID != nil {
		dst = append(append(append(dst, `"id":`...), req.RawID...), ',')
	}
	return appendMember(dst, `"inputs":`, req.Data)
}

// orNone is what MLRun records where logged_results chose nothing.
func orNone(v any) any {
	if v == nil {
		return []any{}
	}
	return v
}

func appendMember(dst []byte, key string, v any) ([]byte, error) {
	dst, err := oip.AppendValue(append(dst, key...), v)
	return append(dst, '}'), err
}

// appendRequestObject appends an object that somebody has to write first.
func appendRequestObject(dst []byte, write func([]byte) ([]byte, error)) []byte {
	return appendDigits(dst, object(nil, write))
}

// object appends what write appends. What cannot be written is recorded as such: the
// rest of the record is worth having.
func object(dst []byte, write func([]byte) ([]byte, error)) []byte {
	at := len(dst)
	dst, err := write(dst)
	if err == nil && !isObject(dst[at:]) {
		err = errors.New("it is no object")
	}
	if err != nil {
		dst = jsontext.AppendString(append(dst[:at], `{"unreadable":`...), err.Error())
		dst = append(dst, '}')
	}
	return dst
}

// appendObject appends an object with its length in front.
func appendObject(dst []byte, write func([]byte) ([]byte, error)) []byte {
	const room = 4 // bytes of the length, padded
	at := len(dst)
	dst = object(append(dst, 0, 0, 0, 0), write)
	n := len(dst) - at - room
	if n >= 1<<28 { // more than four bytes of seven bits say
		return appendText(dst[:at], `{"unreadable":"it is larger than 256 MiB"}`)
	}
	dst[at], dst[at+1], dst[at+2], dst[at+3] = byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14)|0x80, byte(n>>21)
	return dst
}

// isObject says whether a JSON text is an object, as far as that can be seen from
// how it begins.
func isObject(text []byte) bool {
	for _, c := range text {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{'
		}
	}
	return false
}

// idOf is the id of a record's request or event, rawIDOf the JSON of it if a client
// sent one.
func idOf(r *serve.Record) string {
	if r.Request != nil && r.Request.ID != "" {
		return r.Request.ID
	}
	return r.EventID
}

func rawIDOf(r *serve.Record) []byte {
	if r.Request == nil {
		return nil
	}
	return r.Request.RawID
}

func appendID(dst []byte, id string, raw []byte) []byte {
	if raw != nil {
		return append(dst, raw...)
	}
	return jsontext.AppendString(dst, id)
}

// appendAnswer appends the answer, or why there is none.
func appendAnswer(dst []byte, r *serve.Record) ([]byte, byte) {
	if r.Err != nil {
		return appendText(dst, serve.Reason(r.Err)), answerError
	}
	if r.Chosen != nil && (r.Chosen.Inputs != nil || r.Chosen.Outputs != nil) {
		return appendObject(dst, func(dst []byte) ([]byte, error) {
			return appendMember(dst, `{"outputs":`, orNone(r.Chosen.Outputs))
		}), answerText
	}
	resp := r.Response()
	switch {
	case resp == nil:
		return dst, 0
	case resp.Whole() != nil && isObject(resp.Whole()):
		return appendText(dst, resp.Whole()), answerText
	case len(resp.Fields()) > 0 || resp.ModelName != r.Model || resp.ModelVersion != r.Version:
		return appendObject(dst, func(dst []byte) ([]byte, error) { return appendOwn(dst, resp) }), answerText
	}
	dst = appendAnswerID(dst, resp, r.EventID)
	dst = appendText(dst, resp.Timestamp)
	switch v := resp.Outputs.(type) {
	case *serve.Tensor:
		return appendTensor(append(dst, 1), v), answerTensors
	case []*serve.Tensor:
		if len(v) > 0 {
			return appendTensors(dst, v), answerTensors
		}
	case []float64:
		return appendNumbers(dst, serve.FP64, v), answerTensors
	case []int64:
		return appendNumbers(dst, serve.Int64, v), answerTensors
	case []float32:
		return appendNumbers(dst, serve.FP32, v), answerTensors
	}
	return appendValue(dst, resp.Outputs), answerValue
}

// appendAnswerID appends the id as JSON, and nothing where it is the event's, as it
// mostly is.
func appendAnswerID(dst []byte, resp *serve.Response, event string) []byte {
	switch {
	case resp.RawID != nil:
		return appendText(dst, resp.RawID)
	case resp.ID == event:
		return append(dst, 0)
	}
	at := len(dst)
	dst = jsontext.AppendString(append(dst, 0), resp.ID)
	if n := len(dst) - at - 1; n < 0x80 {
		dst[at] = byte(n)
		return dst
	}
	text := append([]byte(nil), dst[at+1:]...)
	return appendText(dst[:at], text)
}

// appendOwn appends an answer that is not as usual as a record has it: MLRun's.
func appendOwn(dst []byte, resp *serve.Response) ([]byte, error) {
	own := *resp
	own.Dialect, own.Parameters = serve.MLRun, nil
	if ts, ok := own.Outputs.([]*serve.Tensor); ok {
		own.Outputs = Rows(ts)
	}
	return oip.AppendValue(dst, &own)
}

// appendValue appends a value as JSON with its length in front.
func appendValue(dst []byte, v any) []byte {
	text, err := oip.AppendValue(nil, v)
	if err != nil {
		text = jsontext.AppendString(nil, "unreadable: "+err.Error())
	}
	return appendText(dst, text)
}
