package conformance

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/leat-ml/leat/oip/inference"
)

// An outcome is what a server made of a case: its status and, of a success, the
// outputs in a form that is the same for all servers; of a failure, what it says.
type outcome struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Text   string `json:"text"`
}

// same says whether two servers did the same. What errors say is their own.
func (o outcome) same(other outcome) bool {
	return o.Status == other.Status && (o.Text == other.Text || !o.succeeded())
}

func (o outcome) succeeded() bool { return o.Status == "200" || o.Status == "OK" }

// broken says whether the connection has ended without an answer.
func (o outcome) broken() bool {
	return strings.HasPrefix(o.Status, "the ") || o.Status == "UNAVAILABLE"
}

// A web is a request over HTTP. The body of an inference is given as bytes.
type web struct {
	method, path string
	body         []byte
	fields       []string // name, value, name …
	raw          bool     // what comes back is shown as it is
}

func (q web) ask(t *testing.T, c *compared) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), c.patience())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.method, c.url+q.path, bytes.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 1; i < len(q.fields); i += 2 {
		req.Header.Set(q.fields[i-1], q.fields[i])
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return unanswered(ctx)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return unanswered(ctx)
	}
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gunzip(body); err != nil {
			t.Fatal(err)
		}
	}
	return outcome{Status: strconv.Itoa(resp.StatusCode), Text: q.told(resp, body)}
}

// patience is how long an answer may take. The others do not answer some cases at all;
// leat answers every one, however busy the machine.
func (c *compared) patience() time.Duration {
	if c.name == "leat" {
		return 5 * time.Minute
	}
	return 20 * time.Second
}

func unanswered(ctx context.Context) outcome {
	if ctx.Err() != nil {
		return outcome{Status: "no answer within 20 s"}
	}
	return outcome{Status: "the connection is closed"}
}

func gunzip(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// told is what an answer says: its outputs, or its error.
func (q web) told(resp *http.Response, body []byte) string {
	n := len(body)
	if h := resp.Header.Get("Inference-Header-Content-Length"); h != "" {
		n, _ = strconv.Atoi(h)
	}
	var doc struct {
		Error   *string
		Detail  json.RawMessage
		Outputs []struct {
			Name, Datatype string
			Shape          []int
			Data           any
			Parameters     struct {
				Size *int `json:"binary_data_size"`
			}
		}
	}
	d := json.NewDecoder(bytes.NewReader(noJSON.ReplaceAll(body[:min(n, len(body))], []byte(`"$1"`))))
	d.UseNumber()
	if d.Decode(&doc) != nil {
		return short(string(body))
	}
	switch {
	case doc.Error != nil:
		return short(*doc.Error)
	case doc.Detail != nil:
		return short(string(doc.Detail))
	case doc.Outputs == nil || q.raw:
		return short(string(body))
	}
	behind := body[min(n, len(body)):]
	var outputs []string
	for _, o := range doc.Outputs {
		elems := flatElements(nil, o.Data, o.Datatype)
		if size := o.Parameters.Size; size != nil {
			elems, behind = elements(behind[:min(*size, len(behind))], o.Datatype), behind[min(*size, len(behind)):]
		}
		outputs = append(outputs, shownTensor(o.Name, o.Datatype, fmt.Sprint(o.Shape), elems))
	}
	return strings.Join(outputs, "; ")
}

// noJSON finds numbers that JSON does not have where a value stands.
var noJSON = regexp.MustCompile(`(-?Infinity|NaN)`)

// ofThisRun finds folders that are others in every run.
var ofThisRun = regexp.MustCompile(`/\S*/TestDifferential\d+/\d+/`)

// short is the beginning of a text, on one line.
func short(text string) string {
	text = ofThisRun.ReplaceAllString(strings.Join(strings.Fields(text), " "), "")
	const most = 160
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// shownTensor is an output. Of many elements there are the first, how many there
// are and a checksum of all.
func shownTensor(name, datatype, shape string, elems []string) string {
	const most = 8
	tail := ""
	if n := len(elems); n > most {
		tail = fmt.Sprintf(" … %d, CRC %08x", n, crc32.ChecksumIEEE([]byte(strings.Join(elems, " "))))
		elems = elems[:4]
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s%s %s%s", name, datatype, strings.ReplaceAll(shape, " ", ","), strings.Join(elems, " "), tail))
}

// flatElements appends the elements of data in JSON, nested or not.
func flatElements(to []string, data any, datatype string) []string {
	switch v := data.(type) {
	case []any:
		for _, one := range v {
			to = flatElements(to, one, datatype)
		}
	case json.Number:
		to = append(to, number(v.String(), datatype))
	case string:
		if datatype == "BYTES" {
			v = strconv.Quote(v)
		}
		to = append(to, v)
	case nil:
		if len(to) > 0 || datatype != "" {
			to = append(to, "null")
		}
	default:
		to = append(to, fmt.Sprint(v))
	}
	return to
}

// number writes a number of JSON in one way: floats shortest, everything else as it
// came.
func number(text, datatype string) string {
	bits := map[string]int{"FP16": 32, "FP32": 32, "FP64": 64}[datatype]
	if v, err := strconv.ParseFloat(text, 64); bits > 0 && err == nil {
		return strconv.FormatFloat(v, 'g', -1, bits)
	}
	return text
}

// elements are those of a tensor in bytes; of a large one their number and a checksum.
func elements(b []byte, datatype string) (all []string) {
	if len(b) > 1<<16 {
		return []string{fmt.Sprintf("%d bytes, CRC %08x", len(b), crc32.ChecksumIEEE(b))}
	}
	le := binary.LittleEndian
	size := map[string]int{"BOOL": 1, "UINT8": 1, "INT8": 1, "UINT16": 2, "INT16": 2, "FP16": 2, "BF16": 2, "UINT32": 4, "INT32": 4, "FP32": 4, "UINT64": 8, "INT64": 8, "FP64": 8}[datatype]
	for len(b) >= max(size, 4*(1-min(size, 1))) && len(b) > 0 {
		switch datatype {
		case "BYTES":
			n := min(int(le.Uint32(b)), len(b)-4)
			all, b = append(all, strconv.Quote(string(b[4:4+n]))), b[4+n:]
			continue
		case "BOOL":
			all = append(all, strconv.FormatBool(b[0] != 0))
		case "FP32":
			all = append(all, strconv.FormatFloat(float64(math.Float32frombits(le.Uint32(b))), 'g', -1, 32))
		case "FP64":
			all = append(all, strconv.FormatFloat(math.Float64frombits(le.Uint64(b)), 'g', -1, 64))
		case "FP16", "BF16":
			all = append(all, fmt.Sprintf("0x%04x", le.Uint16(b)))
		default:
			all = append(all, integer(b, datatype))
		}
		b = b[size:]
	}
	return all
}

func integer(b []byte, datatype string) string {
	le := binary.LittleEndian
	v := map[int]func() uint64{
		1: func() uint64 { return uint64(b[0]) }, 2: func() uint64 { return uint64(le.Uint16(b)) },
		4: func() uint64 { return uint64(le.Uint32(b)) }, 8: func() uint64 { return le.Uint64(b) },
	}
	switch datatype {
	case "INT8":
		return strconv.Itoa(int(int8(b[0])))
	case "INT16":
		return strconv.Itoa(int(int16(v[2]())))
	case "INT32":
		return strconv.Itoa(int(int32(v[4]())))
	case "INT64":
		return strconv.FormatInt(int64(v[8]()), 10)
	}
	return strconv.FormatUint(v[map[string]int{"UINT8": 1, "UINT16": 2, "UINT32": 4, "UINT64": 8}[datatype]](), 10)
}

// An rpc is a call of gRPC, which returns what the answer says.
type rpc func(ctx context.Context, c pb.GRPCInferenceServiceClient) (string, error)

func (q rpc) ask(t *testing.T, c *compared) outcome {
	ctx, cancel := context.WithTimeout(t.Context(), c.patience())
	defer cancel()
	text, err := q(ctx, pb.NewGRPCInferenceServiceClient(c.conn))
	st := status.Convert(err)
	if err != nil {
		text = short(st.Message())
	}
	if st.Code() == codes.OK {
		return outcome{Status: "OK", Text: text}
	}
	return outcome{Status: strings.ToUpper(camel.ReplaceAllString(st.Code().String(), "${1}_$2")), Text: text}
}

var camel = regexp.MustCompile(`([a-z])([A-Z])`)

// inferring is an inference over gRPC.
func inferring(req *pb.ModelInferRequest) rpc {
	return func(ctx context.Context, c pb.GRPCInferenceServiceClient) (string, error) {
		resp, err := c.ModelInfer(ctx, req)
		if err != nil {
			return "", err
		}
		var outputs []string
		for i, o := range resp.Outputs {
			elems := contentsElements(o)
			if i < len(resp.RawOutputContents) {
				elems = elements(resp.RawOutputContents[i], o.Datatype)
			}
			outputs = append(outputs, shownTensor(o.Name, o.Datatype, fmt.Sprint(o.Shape), elems))
		}
		return strings.Join(outputs, "; "), nil
	}
}

// contentsElements are the elements of an output that were sent one by one.
func contentsElements(o *pb.ModelInferResponse_InferOutputTensor) (all []string) {
	c := o.Contents
	add := func(format string, v any) { all = append(all, fmt.Sprintf(format, v)) }
	for _, v := range c.GetBoolContents() {
		add("%v", v)
	}
	for _, v := range c.GetIntContents() {
		add("%d", v)
	}
	for _, v := range c.GetInt64Contents() {
		add("%d", v)
	}
	for _, v := range c.GetUintContents() {
		add("%d", v)
	}
	for _, v := range c.GetUint64Contents() {
		add("%d", v)
	}
	for _, v := range c.GetFp32Contents() {
		add("%s", strconv.FormatFloat(float64(v), 'g', -1, 32))
	}
	for _, v := range c.GetFp64Contents() {
		add("%s", strconv.FormatFloat(v, 'g', -1, 64))
	}
	for _, v := range c.GetBytesContents() {
		add("%q", v)
	}
	return all
}

// A compares is one case: what is asked, and where leat does as neither of the
// others, why.
type compares struct {
	group, name string
	ask         interface {
		ask(t *testing.T, c *compared) outcome
	}
	why string
}

func (c compares) key() string { return cmp.Or(c.group, "?") + ": " + c.name }
