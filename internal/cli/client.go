package cli

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/admin"
)

// A where is the address that a flag gave for a server.
type where struct {
	flag string // that names the address
	base string
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
		return where{}, badUsage("%s: %v", flag, err)
	}
	switch {
	case !slices.Contains(schemes, u.Scheme):
		last := len(schemes) - 1
		return where{}, badUsage("%s: %s:// is not supported by this version; %s:// and %s:// are", flag, u.Scheme, strings.Join(schemes[:last], "://, "), schemes[last])
	case u.Host == "":
		return where{}, badUsage("%s: %q names no host", flag, address)
	}
	return where{flag, u.String()}, nil
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

// told is an error of a call as the command tells it: when no server answers it says
// what to do.
func (p where) told(err error) error {
	var own *client.Error
	if !errors.As(err, &own) || own.Status > 0 {
		return err
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(own.Message, "connection refused"):
		return fmt.Errorf("no server runs at %s (connection refused): start one with \"leat serve PATH\", or say where it is with %s", p.base, p.flag)
	case own.Err != nil:
		return fmt.Errorf("ask %s: %w", p.base, own.Err)
	}
	return err
}
