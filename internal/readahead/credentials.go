package readahead

import (
	"context"
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// NewCredentials are those of connections without TLS, for grpc-go to read them by
// [Over]. It is given the socket itself, so that it sets its options as ever.
func NewCredentials() credentials.TransportCredentials {
	return plain{insecure.NewCredentials()}
}

type plain struct {
	credentials.TransportCredentials
}

// ClientHandshake implements [credentials.TransportCredentials].
func (p plain) ClientHandshake(ctx context.Context, authority string, c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c, info, err := p.TransportCredentials.ClientHandshake(ctx, authority, c)
	return Over(c), info, err
}

// ServerHandshake implements [credentials.TransportCredentials].
func (p plain) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c, info, err := p.TransportCredentials.ServerHandshake(c)
	if err == nil {
		c = Over(c)
		err = greet(c)
	}
	return c, info, err
}

// Clone implements [credentials.TransportCredentials].
func (p plain) Clone() credentials.TransportCredentials { return p }
