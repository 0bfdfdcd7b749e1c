package grpc

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// A codec reads and writes inferences as they lie in the buffers of the
// connection, and leaves every other message to the codec for generated code.
type codec struct {
	others encoding.CodecV2
	room   *oip.Room // for elements
	// adjacent is what frames of the connection are read into; nil if there may be
	// several connections.
	adjacent *tensorwire.Adjacent
	most     int // bytes that elements sent one by one may have; 0 is DefaultMaxMessage
}

func newCodec(room *oip.Room, adjacent *tensorwire.Adjacent, most int) codec {
	return codec{encoding.GetCodecV2(proto.Name), room, adjacent, most}
}

const (
	// maxSmall is how many bytes a message may have that is not an inference and brings no
	// files: generated code makes a hundred bytes of two.
	maxSmall = 256 << 10
	// maxOverrides is how many parameters the message may have that brings files.
	maxOverrides = 4096
)

// Name is part of the content type of messages.
func (codec) Name() string { return proto.Name }

// Unmarshal implements [encoding.CodecV2].
func (k codec) Unmarshal(data mem.BufferSlice, v any) error {
	if m, ok := v.(*inferRequest); ok {
		m.most = k.most
		m.decode(data, k.room, k.adjacent)
		return nil
	}
	if err := k.tooLarge(data, v); err != nil {
		return err
	}
	return k.others.Unmarshal(data, v)
}

// tooLarge is why a message is not given to generated code.
func (k codec) tooLarge(data mem.BufferSlice, v any) error {
	n := data.Len()
	if _, ok := v.(*pb.RepositoryModelLoadRequest); !ok {
		if n > maxSmall {
			return serve.Errorf(serve.TooLarge, "", "the message has %d bytes, and one of this method may have %d", n, maxSmall)
		}
		return nil
	}
	c, params := tensorwire.NewCursor(data, k.room, nil), 0
	for !c.Done() {
		num, typ, err := c.Tag()
		if err == nil {
			err = c.Skip(typ)
		}
		if err != nil {
			return nil //nolint:nilerr // which generated code says in its way
		}
		if num == 3 {
			params++
		}
	}
	if params > maxOverrides {
		return serve.Errorf(serve.TooLarge, "", "there are %d parameters, and may be %d", params, maxOverrides)
	}
	return nil
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
