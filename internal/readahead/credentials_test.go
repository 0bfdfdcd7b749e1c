package readahead

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// secret are credentials of calls that are sent over TLS only.
type secret struct{}

func (secret) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "x"}, nil
}

func (secret) RequireTransportSecurity() bool { return true }

// TestAsInsecure: but for how frames are read, the credentials are those of connections
// without TLS: nothing is sent over them that needs it, and peers are told of as not secured.
func TestAsInsecure(t *testing.T) {
	c, plain := NewCredentials(), insecure.NewCredentials()
	if c.Info().SecurityProtocol != plain.Info().SecurityProtocol || c.Clone() != c {
		t.Errorf("the protocol is %q", c.Info().SecurityProtocol)
	}
	if _, err := grpc.NewClient("passthrough:x", grpc.WithTransportCredentials(c), grpc.WithPerRPCCredentials(secret{})); err == nil {
		t.Error("a secret may be sent")
	}
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	for who, shake := range map[string]func() (net.Conn, credentials.AuthInfo, error){
		"client": func() (net.Conn, credentials.AuthInfo, error) {
			return c.ClientHandshake(t.Context(), "x", near)
		},
		"server": func() (net.Conn, credentials.AuthInfo, error) { return c.ServerHandshake(near) },
	} {
		conn, info, err := shake()
		if err != nil || conn != near || info.AuthType() != "insecure" || credentials.CheckSecurityLevel(info, credentials.IntegrityOnly) == nil {
			t.Errorf("%s: %v, %v, %v", who, conn, info, err)
		}
	}
}
