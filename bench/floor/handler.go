package floor

import (
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	livePath    = "/v2/health/live"
	modelPrefix = "/v2/models/"
	inferSuffix = "/infer"
	maxBody     = 1 << 30 // bytes
	firstRead   = 1 << 16 // bytes reserved before any of a body has arrived
	autoLength  = 2048    // net/http sets Content-Length by itself up to here
)

var (
	errTooLarge = errors.New("read body: larger than 1 GiB")
	jsonType    = []string{"application/json"}
	live        = []byte(`{"live":true}`)
)

// Handler is the floor server. The zero value is ready; it is safe for
// concurrent use.
type Handler struct {
	pool sync.Pool // of *job
}

// job is what one request needs; its buffers are reused by later requests.
type job struct {
	body, out []byte
	tensor    tensor
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == livePath {
		w.Header()["Content-Type"] = jsonType
		w.Write(live)
		return
	}
	model, ok := modelOf(r.URL.Path)
	if !ok || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	j, _ := h.pool.Get().(*job)
	if j == nil {
		j = new(job)
	}
	defer h.pool.Put(j)
	if err := j.infer(model, r); err != nil {
		http.Error(w, `{"error":`+strconv.Quote(err.Error())+`}`, http.StatusBadRequest)
		return
	}
	w.Header()["Content-Type"] = jsonType
	if len(j.out) > autoLength {
		w.Header().Set("Content-Length", strconv.Itoa(len(j.out)))
	}
	w.Write(j.out)
}

func modelOf(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, modelPrefix)
	if !ok {
		return "", false
	}
	name, ok := strings.CutSuffix(rest, inferSuffix)
	return name, ok && name != "" && strings.IndexByte(name, '/') < 0
}

// infer reads, computes and leaves the answer in j.out.
func (j *job) infer(model string, r *http.Request) error {
	var err error
	if j.body, err = readBody(j.body[:0], r.Body, r.ContentLength); err != nil {
		return err
	}
	if err = j.tensor.parse(j.body); err != nil {
		return err
	}
	if model == "double" {
		for i := range j.tensor.data {
			j.tensor.data[i] *= 2
		}
	}
	j.out, err = j.tensor.answer(j.out[:0], model)
	return err
}

// readBody appends the body to buf. declared is the Content-Length or -1; room
// is made as the bytes arrive, so a lie about the length costs nothing.
func readBody(buf []byte, body io.Reader, declared int64) ([]byte, error) {
	if declared > maxBody {
		return buf, errTooLarge
	}
	if int64(cap(buf)) < declared+1 {
		buf = make([]byte, 0, min(declared+1, firstRead))
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, err
		case len(buf) > maxBody:
			return buf, errTooLarge
		}
	}
}

// answer appends the response for t.
func (t *tensor) answer(out []byte, model string) ([]byte, error) {
	out = append(out, `{"model_name":`...)
	out = strconv.AppendQuote(out, model)
	out = append(out, `,"outputs":[{"name":"output","datatype":"FP32","shape":[`...)
	for _, n := range t.shape {
		out = append(strconv.AppendInt(out, n, 10), ',')
	}
	out = append(trimComma(out), `],"data":[`...)
	for _, v := range t.data {
		if v > math.MaxFloat32 || v < -math.MaxFloat32 {
			return out, errors.New("write answer: a value exceeds FP32")
		}
		out = append(strconv.AppendFloat(out, float64(v), 'g', -1, 32), ',')
	}
	return append(trimComma(out), `]}]}`...), nil
}

func trimComma(b []byte) []byte {
	if b[len(b)-1] == ',' {
		return b[:len(b)-1]
	}
	return b
}
