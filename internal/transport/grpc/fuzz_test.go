package grpc

import (
	"bytes"
	"runtime"
	"testing"

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
		var k contents
		c := tensorwire.Over(pieces(message, 1+(size&0xff)%20), new(oip.Room))
		var err error
		for !c.Done() && err == nil {
			err = k.read(&c)
		}
		if err != nil {
			return
		}
		var want pb.InferTensorContents
		if proto.Unmarshal(message, &want) != nil {
			t.Fatalf("it is read, but is no message: %x", message)
		}
		if len(k.bools) != len(want.BoolContents) || len(k.ints) != len(want.IntContents) || len(k.longs) != len(want.Int64Contents) || len(k.uints) != len(want.UintContents) ||
			len(k.ulongs) != len(want.Uint64Contents) || len(k.floats) != len(want.Fp32Contents) || len(k.doubles) != len(want.Fp64Contents) || len(k.texts) != len(want.BytesContents) {
			t.Fatalf("read %+v of %v", k, &want)
		}
		for i, v := range k.ints {
			if v != want.IntContents[i] {
				t.Fatalf("int %d is %d, want %d", i, v, want.IntContents[i])
			}
		}
	})
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
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := read(message, 16<<10, true)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("it is no error")
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 48*size { // in all: two bytes may be a string, and lists grow by a quarter
				t.Errorf("%d bytes of message took %d", len(message), took)
			}
		})
	}
}
