package grpc

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
)

// TestBrokenMessages: who sends what cannot be read is to blame, as over HTTP.
func TestBrokenMessages(t *testing.T) {
	plain, err := proto.Marshal(floats("m"))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	whole := packed.Bytes()
	changed := bytes.Clone(whole)
	changed[len(changed)-6] ^= 1 // of the checksum
	const ready = "/inference.GRPCInferenceService/ModelReady"
	for name, test := range map[string]struct {
		method, coding string
		payload        []byte
		status, want   string
	}{
		"whole":                 {inferMethod, "gzip", whole, "0", ""},
		"no gzip":               {inferMethod, "gzip", plain, "3", "the message cannot be decompressed, and is said to be gzip: gzip: invalid header"},
		"nothing":               {inferMethod, "gzip", nil, "3", "gzip: unexpected EOF"},
		"cut":                   {inferMethod, "gzip", whole[:len(whole)-9], "3", "gzip: unexpected EOF"},
		"changed":               {inferMethod, "gzip", changed, "3", "gzip: invalid checksum"},
		"no deflate":            {inferMethod, "deflate", whole, "3", "is said to be deflate: zlib: invalid header"},
		"of a stream":           {streamMethod, "gzip", plain, "3", "gzip: invalid header"},
		"unknown":               {inferMethod, "br", whole, "12", `Decompressor is not installed for grpc-encoding "br"`},
		"of generated code":     {ready, "gzip", plain[:3], "3", "gzip: unexpected EOF"},
		"no message":            {inferMethod, "", []byte{9, 9}, "3", ""},
		"no generated message":  {ready, "", []byte{10, 9}, "3", "the message cannot be read: "},
		"no message of another": {"/grpc.health.v1.Health/Check", "", []byte{10, 9}, "3", "the message cannot be read: "},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, echo, Options{}).call(t)
			var more [][2]string
			head := []byte{0}
			if test.coding != "" {
				more, head = [][2]string{{"grpc-encoding", test.coding}}, []byte{1}
			}
			c.begin(test.method, more...)
			c.send(append(binary.BigEndian.AppendUint32(head, uint32(len(test.payload))), test.payload...), true) //nolint:gosec // it is no larger
			if o := <-c.ended; o.status != test.status || !strings.Contains(o.message, test.want) {
				t.Errorf("the call ended with %+v, want %s and %q", o, test.status, test.want)
			}
		})
	}
}
