package tensorwire

import (
	"bytes"
	"testing"
	"unsafe"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
)

// pattern is n bytes that no other seed has.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i) ^ seed
	}
	return b
}

func parameters() map[string]*pb.InferParameter {
	return map[string]*pb.InferParameter{"p": {ParameterChoice: &pb.InferParameter_DoubleParam{DoubleParam: 0.5}}}
}

// request is a request with raw contents of these sizes.
func request(sizes ...int) *pb.ModelInferRequest {
	m := &pb.ModelInferRequest{ModelName: "m", ModelVersion: "2", Id: "i", Parameters: parameters(), Outputs: []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "y"}}}
	for i, n := range sizes {
		m.Inputs = append(m.Inputs, &pb.ModelInferRequest_InferInputTensor{Name: "x", Datatype: "UINT8", Shape: []int64{int64(n)}, Parameters: parameters()})
		m.RawInputContents = append(m.RawInputContents, pattern(n, byte(i)))
	}
	return m
}

// answerOf is an answer with raw contents of these sizes.
func answerOf(sizes ...int) *pb.ModelInferResponse {
	m := &pb.ModelInferResponse{ModelName: "m", ModelVersion: "2", Id: "i", Parameters: parameters()}
	for i, n := range sizes {
		m.Outputs = append(m.Outputs, &pb.ModelInferResponse_InferOutputTensor{Name: "y", Datatype: "UINT8", Shape: []int64{int64(n)}})
		m.RawOutputContents = append(m.RawOutputContents, pattern(n, byte(i)))
	}
	return m
}

// TestMarshal has requests mean what they mean to the generated code, and large
// elements sent from where they are.
func TestMarshal(t *testing.T) {
	unknown := request(3, 70<<10)
	unknown.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
	for name, m := range map[string]*pb.ModelInferRequest{
		"empty": {}, "nothing raw": {ModelName: "m"}, "small": request(8), "large": request(inPlace + 1), "several": request(0, 1, inPlace, 100<<10, 0, 70<<10),
		"fields that nobody knows": unknown, "only raw": {RawInputContents: [][]byte{{}}},
	} {
		data, err := NewCodec(new(oip.Room), nil).Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got := &pb.ModelInferRequest{}
		if err := proto.Unmarshal(data.Materialize(), got); err != nil || !proto.Equal(m, got) {
			t.Errorf("%s: other bytes are sent: %v", name, err)
		}
		for _, raw := range m.RawInputContents {
			if len(raw) > inPlace && !among(data, raw) {
				t.Errorf("%s: %d bytes are copied", name, len(raw))
			}
		}
	}
	if _, err := NewCodec(new(oip.Room), nil).Marshal(&pb.ModelInferRequest{ModelName: "\xff", RawInputContents: [][]byte{{}}}); err == nil {
		t.Error("a name that is not UTF-8 is sent")
	}
}

func among(data mem.BufferSlice, raw []byte) bool {
	for _, part := range data {
		if d := part.ReadOnlyData(); len(d) == len(raw) && &d[0] == &raw[0] {
			return true
		}
	}
	return false
}

// read has data read by a codec, which gives its frames back, and says what of it lies
// at no multiple of 8.
func read(t *testing.T, k *Codec, data mem.BufferSlice, m proto.Message) {
	t.Helper()
	err := k.Unmarshal(data, m)
	data.Free()
	if err != nil {
		t.Fatal(err)
	}
	resp, ok := m.(*pb.ModelInferResponse)
	if !ok {
		resp = m.(*pb.ModelStreamInferResponse).GetInferResponse()
	}
	for _, raw := range resp.GetRawOutputContents() {
		if len(raw) >= OwnedSize && uintptr(unsafe.Pointer(&raw[0]))%8 != 0 {
			t.Errorf("%d bytes are not aligned", len(raw))
		}
	}
}

// TestUnmarshal has answers of many sizes come one after the other over a connection,
// in frames of several sizes, and compares all of them in the end, when their frames
// have been used again.
func TestUnmarshal(t *testing.T) {
	frames, room := new(Frames), new(oip.Room)
	for _, size := range []int{LargeFrame, LargeFrame - 1, 5000, 700} {
		adjacent := NewAdjacent(frames, room)
		k := NewCodec(room, adjacent)
		var wants, gots []proto.Message
		for _, sizes := range [][]int{
			{}, {10}, {70 << 10}, {70 << 10}, {71 << 10}, {150 << 10}, {150 << 10, 70 << 10}, {20 << 10}, {0, 150 << 10}, {0, 150 << 10}, {largestBlock}, {150 << 10},
			{3*LargeFrame + 200}, {4*LargeFrame + 200}, {4*LargeFrame + 200}, {4 * LargeFrame}, {4 * LargeFrame}, {1},
		} {
			var want, got proto.Message = answerOf(sizes...), &pb.ModelInferResponse{Id: "old"}
			if len(wants)%3 == 2 {
				want, got = &pb.ModelStreamInferResponse{ErrorMessage: "e", InferResponse: answerOf(sizes...)}, &pb.ModelStreamInferResponse{}
			}
			message, err := proto.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			read(t, k, come(adjacent, message, size), got)
			wants, gots = append(wants, want), append(gots, got)
		}
		for i, want := range wants {
			if !proto.Equal(want, gots[i]) {
				t.Errorf("frames of %d bytes: answer %d is not what was sent", size, i)
			}
		}
	}
}

// FuzzUnmarshal compares what is read with what the generated code reads, in buffers
// of some size.
func FuzzUnmarshal(f *testing.F) {
	for _, m := range []proto.Message{
		answerOf(), answerOf(10), answerOf(50, 0, 7),
		&pb.ModelStreamInferResponse{ErrorMessage: "e", InferResponse: answerOf(50)},
	} {
		message, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message, 4096)
		f.Add(message[:len(message)/2], 1000)
		f.Add(append(message, message...), 70)
	}
	group := protowire.AppendTag(protowire.AppendTag(nil, 9, protowire.StartGroupType), 9, protowire.EndGroupType)
	f.Add(append(group, group...), 100)
	k := NewCodec(new(oip.Room), nil)
	f.Fuzz(func(t *testing.T, message []byte, size int) {
		message = append(message, bytes.Repeat([]byte{0x1a, 1, 'x'}, OwnedSize/3)...) // past what is copied as a whole
		size = 16 + size&0x3fff
		for _, want := range []proto.Message{&pb.ModelInferResponse{}, &pb.ModelStreamInferResponse{}} {
			var data mem.BufferSlice
			for rest := message; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				data = append(data, mem.SliceBuffer(rest[:min(size, len(rest))]))
			}
			got := want.ProtoReflect().New().Interface()
			err, wantErr := k.Unmarshal(data, got), proto.Unmarshal(message, want)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("got %v, the generated code %v", err, wantErr)
			}
			if err == nil && !proto.Equal(got, want) && !proto.Equal(shortest(t, got), shortest(t, want)) {
				t.Fatal("it means something else to the generated code")
			}
		}
	})
}

// shortest has the fields of m that nobody knows with their numbers in as few bytes as
// they take: the generated code keeps those that have more as they came.
func shortest(t *testing.T, m proto.Message) proto.Message {
	t.Helper()
	if s, ok := m.(*pb.ModelStreamInferResponse); ok && s.InferResponse != nil {
		shortest(t, s.InferResponse)
	}
	var out []byte
	for rest := []byte(m.ProtoReflect().GetUnknown()); len(rest) > 0; {
		num, typ, n := protowire.ConsumeTag(rest)
		size := protowire.ConsumeFieldValue(num, typ, rest[max(n, 0):])
		if n < 0 || size < 0 {
			t.Fatalf("fields that nobody knows: %q", rest)
		}
		value := rest[n : n+size]
		out = protowire.AppendTag(out, num, typ)
		switch typ {
		case protowire.VarintType:
			v, _ := protowire.ConsumeVarint(value)
			out = protowire.AppendVarint(out, v)
		case protowire.BytesType:
			v, _ := protowire.ConsumeBytes(value)
			out = protowire.AppendBytes(out, v)
		default:
			out = append(out, value...)
		}
		rest = rest[n+size:]
	}
	m.ProtoReflect().SetUnknown(out)
	return m
}
