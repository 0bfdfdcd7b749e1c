package tensorwire

import (
	"fmt"
	"math"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	gproto "google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
)

// A Codec writes and reads the messages of generated code that a client has for
// inferences, and means by every byte what the generated code does. Only raw contents
// it handles itself: those of a [pb.ModelInferRequest] are sent from where they are, so
// that they have to stay as they are until they have been; those of a
// [pb.ModelInferResponse], or of one in a [pb.ModelStreamInferResponse], stay where they
// came in, or are copied once, at addresses that are multiples of 8 unless they are
// empty. All other messages are left to the codec of gRPC. It is safe for concurrent use.
type Codec struct {
	others   encoding.CodecV2
	room     *oip.Room
	adjacent *Adjacent
}

var _ encoding.CodecV2 = (*Codec)(nil)

// NewCodec returns a codec for one connection whose frames come in adjacent, or for any
// number of them when that is nil. Elements that are copied are in memory that room
// makes.
func NewCodec(room *oip.Room, adjacent *Adjacent) *Codec {
	return &Codec{others: encoding.GetCodecV2(proto.Name), room: room, adjacent: adjacent}
}

// Name is part of the content type of messages.
func (*Codec) Name() string { return proto.Name }

// Marshal implements [encoding.CodecV2].
func (k *Codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(*pb.ModelInferRequest)
	if !ok || len(m.GetRawInputContents()) == 0 {
		return k.others.Marshal(v)
	}
	return marshalRequest(m)
}

// The fields of raw contents.
const (
	rawInputs  = 7
	rawOutputs = 6
)

// marshalRequest writes raw contents behind the rest.
func marshalRequest(m *pb.ModelInferRequest) (mem.BufferSlice, error) {
	rest := pb.ModelInferRequest{
		ModelName: m.ModelName, ModelVersion: m.ModelVersion, Id: m.Id,
		Parameters: m.Parameters, Inputs: m.Inputs, Outputs: m.Outputs,
	}
	rest.ProtoReflect().SetUnknown(m.ProtoReflect().GetUnknown())
	small := 0
	for _, raw := range m.RawInputContents {
		small += protowire.SizeTag(rawInputs) + protowire.SizeVarint(uint64(len(raw)))
		if len(raw) <= inPlace {
			small += len(raw)
		}
	}
	var p Parts
	var err error
	p.Buf = make([]byte, 0, gproto.Size(&rest)+small)
	if p.Buf, err = (gproto.MarshalOptions{UseCachedSize: true}).MarshalAppend(p.Buf, &rest); err != nil {
		return nil, err
	}
	for _, raw := range m.RawInputContents {
		p.Buf = protowire.AppendTag(p.Buf, rawInputs, protowire.BytesType)
		p.Buf = protowire.AppendVarint(p.Buf, uint64(len(raw)))
		p.Raw(raw)
	}
	parts, size := p.Message()
	if size > math.MaxInt32 {
		return nil, fmt.Errorf("the request has %d bytes, more than a message can have", size)
	}
	return parts, nil
}

// Unmarshal implements [encoding.CodecV2]. What cannot be read as expected is for the
// generated code to judge.
func (k *Codec) Unmarshal(data mem.BufferSlice, v any) error {
	if data.Len() > OwnedSize {
		c := NewCursor(data, k.room, k.adjacent)
		switch m := v.(type) {
		case *pb.ModelInferResponse:
			gproto.Reset(m)
			if readResponse(&c, m) == nil {
				return nil
			}
		case *pb.ModelStreamInferResponse:
			gproto.Reset(m)
			if readStreamed(&c, m) == nil {
				return nil
			}
		}
	}
	return k.others.Unmarshal(data, v)
}

var merge = gproto.UnmarshalOptions{Merge: true}

// readResponse reads raw contents from where they are, and has generated code read the
// rest.
func readResponse(c *Cursor, m *pb.ModelInferResponse) error {
	var rest []byte
	for !c.Done() {
		num, typ, err := c.Tag()
		switch {
		case err != nil:
		case num == rawOutputs && typ == protowire.BytesType:
			var raw []byte
			if raw, err = c.Bytes(); raw == nil {
				raw = []byte{}
			}
			m.RawOutputContents = append(m.RawOutputContents, raw)
		default:
			rest, err = c.field(rest, num, typ)
		}
		if err != nil {
			return err
		}
	}
	return merge.Unmarshal(rest, m)
}

// answer is the field of the answer in a message of a stream.
const answer = 2

// readStreamed is readResponse for an answer of a stream.
func readStreamed(c *Cursor, m *pb.ModelStreamInferResponse) error {
	var rest []byte
	for !c.Done() {
		num, typ, err := c.Tag()
		switch {
		case err != nil:
		case num == answer && typ == protowire.BytesType:
			if m.InferResponse == nil {
				m.InferResponse = &pb.ModelInferResponse{}
			}
			err = c.within(func() error { return readResponse(c, m.InferResponse) })
		default:
			rest, err = c.field(rest, num, typ)
		}
		if err != nil {
			return err
		}
	}
	return merge.Unmarshal(rest, m)
}
