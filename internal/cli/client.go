package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/admin"
	"github.com/leat-ml/leat/serve"
)

// A where is the address that a flag gave for a server.
type where struct {
	flag  string // that names the address
	base  string
	shown string // base without a password
}

// once asks a server one time, and waits for as long as it takes.
var once = client.Options{Timeout: -1, Retries: -1}

// at reads the address that a flag gave: a URL, or host:port.
func at(flag, address string, schemes ...string) (where, error) {
	if !strings.Contains(address, "://") {
		address = schemes[0] + "://" + address
	}
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil {
		return where{}, badUsage("%s: %v", flag, withoutURL(err))
	}
	switch {
	case !slices.Contains(schemes, u.Scheme):
		last := len(schemes) - 1
		return where{}, badUsage("%s: %s:// is not supported by this version; %s:// and %s:// are", flag, u.Scheme, strings.Join(schemes[:last], "://, "), schemes[last])
	case u.Host == "":
		return where{}, badUsage("%s: %q names no host", flag, u.Redacted())
	}
	return where{flag, u.String(), u.Redacted()}, nil
}

// adminAt returns a client for the admin port, and where that is.
func adminAt(address string) (*admin.Client, where, error) {
	p, err := at("--admin", address, "http", "https")
	if err != nil {
		return nil, p, err
	}
	c, err := admin.New(p.base, &once)
	if err != nil {
		return nil, p, badUsage("%s: %v", p.flag, err)
	}
	return c, p, nil
}

// withoutURL drops the URL from an error that has it in front: it may have a password.
func withoutURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// told is an error of a call as the command tells it: when no server answers it says
// what to do.
func (p where) told(ctx context.Context, err error) error {
	var own *client.Error
	switch {
	case !errors.As(err, &own):
		return err
	case own.Status > 0:
		return p.answered(own)
	}
	said := own.Message
	if own.Err != nil {
		said = own.Err.Error()
	}
	var lookup *net.DNSError
	switch {
	case errors.As(err, &lookup) && !lookup.IsNotFound: // whoever knows the names may have refused, too
		return fmt.Errorf("ask %s: %w", p.shown, lookup)
	case lookup != nil, strings.Contains(said, "resolver error: produced zero addresses"):
		return fmt.Errorf("there is no host of the name in %s: say where the server is with %s", p.shown, p.flag)
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(said, "connection refused"):
		return fmt.Errorf("no server runs at %s (connection refused): start one with \"leat serve PATH\", or say where it is with %s", p.shown, p.flag)
	}
	if instead := p.mistaken(ctx, said); instead != "" {
		return fmt.Errorf("what listens at %s %s", p.shown, instead)
	}
	if own.Err != nil {
		return fmt.Errorf("ask %s: %w", p.shown, own.Err)
	}
	return err
}

// answered is an error that a server has answered with. One that is no server of leat's
// has nothing where the admin port is.
func (p where) answered(own *client.Error) error {
	if p.flag != "--admin" || own.Code != serve.NotFound || strings.HasPrefix(own.Message, "there is no ") {
		return own
	}
	return fmt.Errorf("%w: is it the admin port of a leat server?", own)
}

// mistaken says what to do where the port speaks something else than the address does;
// it is empty where that is not what went wrong. Neither library has a type for it.
func (p where) mistaken(ctx context.Context, said string) string {
	scheme, rest, _ := strings.Cut(p.shown, "://")
	switch {
	case scheme == "http" && greetsAsGRPC(ctx, p.base):
		if p.flag == "--admin" {
			return "speaks gRPC: the admin port is another"
		}
		return "speaks gRPC: ask it with " + p.flag + " grpc://" + rest
	case strings.Contains(said, "looked like an HTTP/1.1 header"):
		return "speaks HTTP: ask it with " + p.flag + " http://" + rest
	case strings.Contains(said, "gave HTTP response to HTTPS client"), strings.Contains(said, "does not look like a TLS handshake"):
		return "does not speak TLS: ask it with " + p.flag + " " + strings.TrimSuffix(scheme, "s") + "://" + rest
	}
	return ""
}

// greetsAsGRPC says whether whoever listens begins with the settings of HTTP/2, as
// servers of gRPC do. What net/http says of them depends on who was quicker.
func greetsAsGRPC(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Port() == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if late, ok := ctx.Deadline(); ok && conn.SetReadDeadline(late) != nil {
		return false
	}
	var frame [9]byte // its length in three bytes, type, flags, stream
	_, err = io.ReadFull(conn, frame[:])
	return err == nil && frame[0] == 0 && frame[1] == 0 && bytes.Equal(frame[3:], []byte{4, 0, 0, 0, 0, 0})
}
