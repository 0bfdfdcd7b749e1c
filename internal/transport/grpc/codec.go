package grpc

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/oip"
)

// A codec reads and writes inferences as they lie in the buffers of the
// connection, and leaves every other message to the codec for generated code.
type codec struct {
	others encoding.CodecV2
	room   *oip.Room // for elements
	// adjacent is what frames of the connection are read into; nil if there may be
	// several connections.
	adjacent *tensorwire.Adjacent
}

func newCodec(room *oip.Room, adjacent *tensorwire.Adjacent) codec {
	return codec{encoding.GetCodecV2(proto.Name), room, adjacent}
}

// Name is part of the content type of messages.
func (codec) Name() string { return proto.Name }

// Unmarshal implements [encoding.CodecV2].
func (k codec) Unmarshal(data mem.BufferSlice, v any) error {
	if m, ok := v.(*inferRequest); ok {
		m.decode(data, k.room, k.adjacent)
		return nil
	}
	return k.others.Unmarshal(data, v)
}

// Marshal implements [encoding.CodecV2]. Nobody catches its panics but itself.
func (k codec) Marshal(v any) (out mem.BufferSlice, err error) {
	m, ok := v.(*inferResponse)
	if !ok {
		return k.others.Marshal(v)
	}
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("write the answer: %v", p)
		}
	}()
	return m.encode()
}
