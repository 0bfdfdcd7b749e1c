package grpc

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// pieces are a message as it comes in buffers of some size.
func pieces(message []byte, size int) mem.BufferSlice {
	var all mem.BufferSlice
	for len(message) > size {
		all = append(all, mem.SliceBuffer(message[:size]))
		message = message[size:]
	}
	return append(all, mem.SliceBuffer(message))
}

// read reads a message that comes in buffers of some size, past the limit under
// which a message is copied as a whole if that is what split says.
func read(message []byte, size int, split bool) (*inferRequest, *serve.Request, error) {
	m := &inferRequest{}
	if split {
		c := tensorwire.Over(pieces(message, size), new(oip.Room))
		m.inputs, m.raw = m.room.inputs[:0], m.room.raw[:0]
		for !c.Done() && m.problem == nil {
			m.problem = m.read(&c)
		}
	} else {
		m.decode(pieces(message, size), new(oip.Room), nil)
	}
	req, err := m.request()
	return m, req, err
}

// hostile are requests whose shapes, sizes and contents do not agree.
func hostile() [][]byte {
	max := int64(1) << 62
	texts := &pb.InferTensorContents{BytesContents: [][]byte{bytes.Repeat([]byte("x"), 5000)}}
	requests := []*pb.ModelInferRequest{
		floats("m"),
		request("m", input1("x", "FP32", []int64{-1, 4}, nil)),
		request("m", input1("x", "FP32", []int64{max, max, max, max}, nil)),
		request("m", input1("x", "BYTES", []int64{1}, texts)),
		request("m", input1("x", "INT8", []int64{2}, &pb.InferTensorContents{IntContents: []int32{1, -1000}})),
		{ModelName: "m", Id: "1", ModelVersion: "2", Inputs: floats("m").Inputs, Parameters: map[string]*pb.InferParameter{"p": {ParameterChoice: &pb.InferParameter_Uint64Param{Uint64Param: 1 << 63}}},
			Outputs: []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "y"}}},
	}
	for datatype, raw := range raws {
		for _, n := range []int64{3, 4, max} {
			requests = append(requests, &pb.ModelInferRequest{ModelName: "m", Inputs: []*pb.ModelInferRequest_InferInputTensor{input1("x", datatype, []int64{n}, nil)}, RawInputContents: [][]byte{raw}})
		}
	}
	var all [][]byte
	for _, r := range requests {
		text, _ := proto.Marshal(r)
		all = append(all, text)
	}
	return append(all, []byte{0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f}, bytes.Repeat([]byte{0x2a, 0}, 100), bytes.Repeat([]byte{0x3a, 0}, 100), []byte{0x0b, 0x0c})
}

// FuzzRequest holds what is read against what the generated code reads, however
// the message comes, and the answer of an echo against both.
func FuzzRequest(f *testing.F) {
	for _, message := range hostile() {
		f.Add(message, 7)
		f.Add(message, 1)
	}
	f.Fuzz(func(t *testing.T, message []byte, size int) {
		size = 1 + (size&0xff)%64
		_, whole, err := read(message, size, false)
		m, req, errSplit := read(message, size, true)
		if (err == nil) != (errSplit == nil) || err != nil && err.Error() != errSplit.Error() {
			t.Fatalf("in one piece: %v, in many: %v", err, errSplit)
		}
		var want pb.ModelInferRequest
		valid := proto.Unmarshal(message, &want) == nil
		if err != nil {
			return
		}
		if !valid {
			t.Fatalf("it is read, but is no message: %x", message)
		}
		agree(t, req, &want)
		agree(t, whole, &want)
		echoed(t, m, req)
	})
}

// agree checks that a request has what the message has.
func agree(t *testing.T, req *serve.Request, want *pb.ModelInferRequest) {
	t.Helper()
	if req.ID != want.Id || len(req.Inputs) != len(want.Inputs) || len(req.Outputs) != len(want.Outputs) {
		t.Fatalf("read %+v of %v", req, want)
	}
	for i, in := range want.Inputs {
		got := req.Inputs[i]
		n, ok := serve.Elements(got.Shape)
		if got.Name != in.Name || got.Datatype.String() != in.Datatype || len(got.Shape) != len(in.Shape) || !ok || n != got.Len() {
			t.Fatalf("input %d is %+v, want %v", i, got, in)
		}
		if len(want.RawInputContents) > 0 && got.Datatype != serve.Bytes && got.Datatype != serve.Bool && !bytes.Equal(got.Raw(), want.RawInputContents[i]) {
			t.Fatalf("input %d has other elements", i)
		}
	}
}

// echoed checks that the inputs as outputs are a message that reads as the same.
func echoed(t *testing.T, m *inferRequest, req *serve.Request) {
	t.Helper()
	for _, typed := range []bool{false, true} {
		r := &inferResponse{model: m.model, id: m.id, params: req.Parameters, outputs: req.Inputs, typed: typed && hasContents(req.Inputs)}
		data, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		var got pb.ModelInferResponse
		if err := proto.Unmarshal(data.Materialize(), &got); err != nil {
			t.Fatalf("the answer is no message: %v", err)
		}
		if len(got.Outputs) != len(req.Inputs) || (!r.typed && len(got.RawOutputContents) != len(req.Inputs)) {
			t.Fatalf("the answer is %v", &got)
		}
		back := &pb.ModelInferRequest{ModelName: "m", RawInputContents: got.RawOutputContents}
		for _, o := range got.Outputs {
			back.Inputs = append(back.Inputs, &pb.ModelInferRequest_InferInputTensor{Name: o.Name, Datatype: o.Datatype, Shape: o.Shape, Contents: o.Contents})
		}
		message, err := proto.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		_, again, err := read(message, 50, true)
		if err != nil {
			t.Fatalf("the answer cannot be read as a request: %v", err)
		}
		for i, in := range req.Inputs {
			if !bytes.Equal(again.Inputs[i].Raw(), in.Raw()) || !sameTexts(again.Inputs[i].Strings(), in.Strings()) {
				t.Fatalf("output %d is another than input %d", i, i)
			}
		}
	}
}

func sameTexts(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// FuzzContents reads contents, which have to agree with the generated code too.
func FuzzContents(f *testing.F) {
	for _, k := range []*pb.InferTensorContents{
		{IntContents: []int32{1, -1}}, {Fp32Contents: []float32{1}}, {BytesContents: [][]byte{{}, {1}}}, {BoolContents: []bool{true}}, {Uint64Contents: []uint64{1 << 63}}, {Fp64Contents: []float64{2, 3}},
	} {
		text, _ := proto.Marshal(k)
		f.Add(text, 3)
	}
	f.Add(protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), 7), 1)
	f.Fuzz(func(t *testing.T, message []byte, size int) {
		var want pb.InferTensorContents
		invalid := proto.Unmarshal(message, &want) != nil
		counts := map[serve.Datatype]int{
			serve.Bool: len(want.BoolContents), serve.Int32: len(want.IntContents), serve.Int64: len(want.Int64Contents), serve.Uint32: len(want.UintContents),
			serve.Uint64: len(want.Uint64Contents), serve.FP32: len(want.Fp32Contents), serve.FP64: len(want.Fp64Contents), serve.Bytes: len(want.BytesContents),
		}
		wrong := false
		for datatype, n := range counts {
			in := &input{datatype: datatype, elements: n}
			k := &contents{stored: true}
			c := tensorwire.Over(pieces(message, 1+(size&0xff)%20), new(oip.Room))
			var err error
			for !c.Done() && err == nil {
				err = k.read(&c, in)
			}
			if wrong = wrong || err != nil; invalid || err != nil { // generated code passes over a field of another type
				continue
			}
			if k.count != n {
				t.Fatalf("%s: %d elements are read of %v", datatype, k.count, &want)
			}
			switch datatype {
			case serve.Int32:
				if n > 0 && !slices.Equal(unsafe.Slice((*int32)(unsafe.Pointer(&k.raw[0])), n), want.IntContents) {
					t.Fatalf("integers are %v, want %v", k.raw, want.IntContents)
				}
			case serve.Bytes:
				for i, s := range k.texts {
					if s != string(want.BytesContents[i]) {
						t.Fatalf("text %d is %q, want %q", i, s, want.BytesContents[i])
					}
				}
			}
		}
		if invalid && !wrong {
			t.Fatalf("it is read, but is no message: %x", message)
		}
	})
}

// warm has its reserve from the first large tensor on, which is no message's.
var warm = func() *oip.Room {
	room := new(oip.Room)
	room.Make(1 << 20)
	return room
}()

// measured is how many bytes reading a message takes, in all, and what is wrong with it.
func measured(message []byte, most int) (uint64, error) {
	var before, after runtime.MemStats
	data := pieces(message, 16<<10)
	runtime.ReadMemStats(&before)
	m := &inferRequest{most: most}
	m.decode(data, warm, nil)
	_, err := m.request()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// TestElementsMemory has as many elements as there can be in a message, sent one by
// one: they take what a tensor of theirs does, or nothing where the shape holds others,
// or where raw they would not fit into a message.
func TestElementsMemory(t *testing.T) {
	const size, slack = 1 << 20, 64 << 10
	zeros := make([]byte, size)
	for _, c := range []struct {
		datatype string
		contents []byte
		elements int
		takes    uint64 // at most
	}{
		{"BOOL", appendBytes(nil, boolContents, zeros), size, size},
		{"INT8", appendBytes(nil, intContents, zeros), size, size},
		{"UINT8", appendBytes(nil, uintContents, zeros), size, size},
		{"INT16", appendBytes(nil, intContents, zeros), size, 2 * size},
		{"UINT32", appendBytes(nil, uintContents, zeros), size, 4 * size},
		{"INT64", appendBytes(nil, int64Contents, zeros), size, 8 * size},
		{"INT64", bytes.Repeat([]byte{0x18, 0}, size/2), size / 2, 4 * size},
		{"INT64", bytes.Repeat([]byte{0x1a, 1, 0}, size/3), size / 3, 3 * size},
		{"FP32", appendBytes(nil, fp32Contents, zeros), size / 4, size},
		{"FP64", bytes.Repeat(append([]byte{0x39}, zeros[:8]...), size/9), size / 9, size},
		{"BYTES", bytes.Repeat([]byte{0x42, 0}, size/2), size / 2, 8 * size},
		{"BYTES", bytes.Repeat([]byte{0x42, 1, 'a'}, size/3), size / 3, 6*size + size/2},
		{"BYTES", appendBytes(nil, bytesContents, zeros), 1, size},
	} {
		input := func(n int) []byte {
			shape := protowire.AppendVarint(nil, uint64(n)) //nolint:gosec // it is not below 0
			in := appendBytes(appendText(appendText(nil, 1, "x"), 2, c.datatype), 3, shape)
			return appendBytes(appendText(nil, 1, "m"), 5, appendBytes(in, 5, c.contents))
		}
		if took, err := measured(input(c.elements), 0); err != nil || took > c.takes+slack {
			t.Errorf("%d elements of %s take %d bytes, more than %d: %v", c.elements, c.datatype, took, c.takes, err)
		}
		for _, n := range []int{0, 7, 1 << 40} {
			if took, err := measured(input(n), 0); err == nil || took > size+slack { // a text may be copied that is too many
				t.Errorf("%d elements of %s, which should be %d, take %d bytes: %v", c.elements, c.datatype, n, took, err)
			}
		}
		if c.elements == 1 { // whose size is that of the message
			continue
		}
		if took, err := measured(input(c.elements), size/16); serve.CodeOf(err) != serve.TooLarge || took > slack {
			t.Errorf("too many elements of %s take %d bytes: %v", c.datatype, took, err)
		}
	}
}

// TestTextMemory has texts of a mebibyte where a few letters are meant: errors have them
// in quotes, and answers have the id.
func TestTextMemory(t *testing.T) {
	const size = 1 << 20
	long := strings.Repeat("\x01", size)
	param := func(key string) []byte { return append(appendText(nil, 1, key), 0x12, 2, 8, 1) }
	input := appendText(appendText(nil, 1, "x"), 2, "FP32")
	for name, message := range map[string][]byte{
		"model_name has 1048576 bytes, and may have 65536": appendText(nil, 1, long),
		"model_version has 1048576 bytes":                  appendText(nil, 2, long),
		"id has 1048576 bytes":                             appendText(nil, 3, long),
		"the name of a parameter has 1048576 bytes":        appendBytes(nil, 4, param(long)),
		"the name of an input has 1048576 bytes":           appendBytes(nil, 5, appendText(nil, 1, long)),
		"a datatype has 1048576 bytes":                     appendBytes(nil, 5, appendText(nil, 2, long)),
		"the name of an output has 1048576 bytes":          appendBytes(nil, 6, appendText(nil, 1, long)),
		"there are more than 65536 parameters":             bytes.Repeat(appendBytes(nil, 4, param("a")), 1<<16+1),
		`input "x": with its 1048576 elements of BYTES those of the request have more than 4096 bytes`: appendBytes(nil, 5, appendBytes(append(appendText(appendText(nil, 1, "x"), 2, "BYTES"), 0x1a, 3, 0x80, 0x80, 0x40), 5, bytes.Repeat([]byte{0x42, 0}, size))),
	} {
		took, err := measured(append(message, appendBytes(nil, 5, input)...), 4096)
		if err == nil || !strings.Contains(err.Error(), name) || len(err.Error()) > 1000 {
			t.Errorf("%.200v, want %s", err, name)
		}
		if took > 8*size {
			t.Errorf("%s: it took %d bytes", name, took)
		}
	}
	message := appendBytes(appendText(appendText(nil, 1, "m"), 3, long[:maxName]), 5, append(input, 0x1a, 1, 0))
	if _, err := measured(message, 0); err != nil {
		t.Errorf("an id of %d bytes: %v", maxName, err)
	}
}

// TestSmallMessages has messages for generated code, which makes much of little.
func TestSmallMessages(t *testing.T) {
	const size = 4 << 20
	k := newCodec(new(oip.Room), nil, 0)
	setting := appendBytes(nil, 1, append(appendText(nil, 1, "a"), appendBytes(nil, 2, bytes.Repeat([]byte{0x0a, 0}, size/2))...))
	for name, c := range map[string]struct {
		into    any
		message []byte
		want    bool // that it is read
	}{
		"a name":                 {&pb.ModelReadyRequest{}, appendText(nil, 1, strings.Repeat("a", size)), false},
		"values":                 {&pb.TraceSettingRequest{}, setting, false},
		"fields that nobody has": {&pb.ServerMetadataRequest{}, bytes.Repeat([]byte{0x78, 1}, size/2), false},
		"parameters":             {&pb.RepositoryModelLoadRequest{}, bytes.Repeat([]byte{0x1a, 0}, size/2), false},
		"a file":                 {&pb.RepositoryModelLoadRequest{}, appendBytes(nil, 3, append(appendText(nil, 1, "file:1/m"), appendBytes(nil, 2, appendBytes(nil, 4, make([]byte, size)))...)), true},
		"a short name":           {&pb.ModelReadyRequest{}, appendText(nil, 1, "a"), true},
	} {
		data := pieces(c.message, 16<<10)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := k.Unmarshal(data, c.into)
		runtime.ReadMemStats(&after)
		if c.want != (err == nil) || err != nil && serve.CodeOf(err) != serve.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<10 && !c.want || took > 3*size {
			t.Errorf("%s: it took %d bytes", name, took)
		}
	}
}

// TestLargeProbe asks for the health of a service with a name of a mebibyte.
func TestLargeProbe(t *testing.T) {
	w := start(t, nil, Options{})
	_, err := w.ModelReady(in(t), &pb.ModelReadyRequest{Name: strings.Repeat("m", 1<<20)})
	wantStatus(t, err, "RESOURCE_EXHAUSTED", "the message has 1048580 bytes, and one of this method may have 262144")
	_, err = healthpb.NewHealthClient(w.conn).Check(in(t), &healthpb.HealthCheckRequest{Service: strings.Repeat("m", 1<<20)})
	wantStatus(t, err, "RESOURCE_EXHAUSTED", "the message has 1048580 bytes, and one of this method may have 262144")
}

// TestMemory has messages that take little and could cost much.
func TestMemory(t *testing.T) {
	const size = 1 << 20
	one := func(field protowire.Number, b []byte) []byte { return appendBytes(nil, field, b) }
	many := func(b []byte) []byte { return bytes.Repeat(b, size/len(b)) }
	small := appendText(appendText(nil, 1, "x"), 2, "FP32")
	for name, message := range map[string][]byte{
		"empty inputs":  many([]byte{0x2a, 0}),
		"small inputs":  many(one(5, small)),
		"empty outputs": many([]byte{0x32, 0}),
		"named outputs": many(one(6, appendText(nil, 1, "y"))),
		"empty raw":     many([]byte{0x3a, 0}),
		"parameters":    many([]byte{0x22, 0}),
		"shape":         one(5, append(small, one(3, many([]byte{1}))...)),
		"texts":         one(5, append(small, one(5, many([]byte{0x42, 0}))...)),
		"integers":      one(5, append(small, one(5, one(3, many([]byte{1})))...)),
		"bools":         one(5, append(small, one(5, many([]byte{8, 1}))...)),
		"more integers": one(5, append(appendText(nil, 1, "x"), append(appendText(nil, 2, "INT64"), one(5, one(3, many([]byte{1})))...)...)),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := read(message, 16<<10, true)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("it is no error")
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 36*size { // 65536 inputs, and lists grow by a quarter
				t.Errorf("%d bytes of message took %d", len(message), took)
			}
		})
	}
}
