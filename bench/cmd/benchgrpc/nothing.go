package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/bench/target"
	"github.com/leat-ml/leat/oip/inference"
)

// nothing is a server that does nothing: it sends the same bytes to whatever it is asked,
// by one goroutine for a connection, with one read and one write for a request. What it
// does a second over one connection is what client and kernel leave to any server.
const nothing = "nothing"

// Frames of HTTP/2 and what they are marked with: RFC 9113, section 6.
const (
	frameHeader = 9
	dataFrame   = 0
	headFrame   = 1
	settings    = 4
	ping        = 6
	moreWindow  = 8

	endStream, endHeaders, ack = 1, 4, 1
)

// preface is what a client of HTTP/2 begins with.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// canned writes what is answered to a folder: want, over HTTP and as a message of gRPC.
func canned(dir, model string, want []float64) error {
	var raw []byte
	data := []byte(`{"model_name":"` + model + `","outputs":[{"name":"y","datatype":"FP32","shape":[` + strconv.Itoa(len(want)) + `],"data":[`)
	for i, v := range want {
		if i > 0 {
			data = append(data, ',')
		}
		data = strconv.AppendFloat(data, v, 'g', -1, 32)
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	data = append(data, "]}]}"...)
	web := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(data), data)
	message, err := proto.Marshal(&inference.ModelInferResponse{
		ModelName: model, Id: "1", RawOutputContents: [][]byte{raw},
		Outputs: []*inference.ModelInferResponse_InferOutputTensor{{Name: "y", Datatype: "FP32", Shape: []int64{int64(len(want))}}},
	})
	return errors.Join(err, os.WriteFile(filepath.Join(dir, "web"), web, 0o600), os.WriteFile(filepath.Join(dir, "message"), message, 0o600))
}

// startNothing starts the server that does nothing with what a model answers. It serves
// HTTP and gRPC on one port.
func startNothing(ctx context.Context, model string, want []float64) (*contender, error) {
	dir, err := os.MkdirTemp("", "leat-nothing-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // it has read them when it says where it is
	self, err := os.Executable()
	if err = errors.Join(err, canned(dir, model, want)); err != nil {
		return nil, err
	}
	srv, err := target.Start(ctx, nothing, fmt.Sprintf("%s -serve %s -answers %s", self, nothing, dir))
	if err != nil {
		return nil, err
	}
	return &contender{nothing, srv, srv.Addr, srv.Addr}, nil
}

// serveNothing answers each connection as it begins.
func serveNothing(l net.Listener, dir string) error {
	web, err := os.ReadFile(filepath.Join(dir, "web"))
	if err != nil {
		return err
	}
	message, err := os.ReadFile(filepath.Join(dir, "message"))
	if err != nil {
		return err
	}
	announce(l.Addr().String())
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() { // ends with the connection
			defer c.Close()
			b := make([]byte, 1<<20)
			n, err := io.ReadAtLeast(c, b, len(preface))
			switch {
			case err != nil:
			case bytes.HasPrefix(b, []byte(preface)):
				answerFrames(c, b, n, message)
			default:
				answerWeb(c, b, n, web)
			}
		}()
	}
}

// answerWeb answers requests that are as long as their Content-Length says.
func answerWeb(c net.Conn, b []byte, n int, answer []byte) {
	for {
		head := bytes.Index(b[:n], []byte("\r\n\r\n"))
		_, length, found := bytes.Cut(b[:max(head, 0)], []byte("Content-Length: "))
		length, _, _ = bytes.Cut(length, []byte("\r\n"))
		size, err := strconv.Atoi(string(length))
		if !found || err != nil || n < head+4+size {
			more, err := c.Read(b[n:])
			if n += more; err != nil {
				return
			}
			continue
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
		n = copy(b, b[head+4+size:n])
	}
}

// answerFrames answers every stream that ends.
func answerFrames(c net.Conn, b []byte, n int, message []byte) {
	hello := appendFrame(nil, settings, 0, 0, nil)
	hello = appendFrame(hello, settings, ack, 0, nil)
	hello = appendFrame(hello, moreWindow, 0, 0, []byte{0x3f, 0, 0, 0})
	if _, err := c.Write(hello); err != nil {
		return
	}
	n = copy(b, b[len(preface):n])
	var out []byte
	for {
		at := 0
		for n-at >= frameHeader {
			h := b[at:n]
			length := int(h[0])<<16 | int(h[1])<<8 | int(h[2])
			if len(h) < frameHeader+length {
				break
			}
			stream := binary.BigEndian.Uint32(h[5:])
			switch {
			case h[3] == dataFrame && h[4]&endStream != 0:
				out = appendAnswer(out, stream, message)
			case h[3] == ping && h[4]&ack == 0:
				out = appendFrame(out, ping, ack, 0, h[frameHeader:frameHeader+length])
			}
			at += frameHeader + length
		}
		n = copy(b, b[at:n])
		if len(out) > 0 {
			if _, err := c.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		more, err := c.Read(b[n:])
		if n += more; err != nil {
			return
		}
	}
}

// appendAnswer appends a whole answer. Its headers are as in RFC 7541, sections 6.1 and
// 6.2.2: status 200 and content-type by their numbers in the static table.
func appendAnswer(out []byte, stream uint32, message []byte) []byte {
	head := append([]byte{0x80 | 8, 0x0f, 31 - 15, 16}, "application/grpc"...)
	out = appendFrame(out, headFrame, endHeaders, stream, head)
	prefix := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	out = appendFrame(out, dataFrame, 0, stream, append(prefix, message...))
	status := append([]byte{0, 11}, "grpc-status\x010"...)
	return appendFrame(out, headFrame, endHeaders|endStream, stream, status)
}

func appendFrame(out []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	out = append(out, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	return append(binary.BigEndian.AppendUint32(out, stream), payload...)
}
