package server

import (
	"io"
	"net/http"

	"github.com/leat-ml/leat/internal/transport/rest"
	"github.com/leat-ml/leat/oip"
)

// Handler answers as the data port does, without one: for tests in process.
func (c *Core) Handler() http.Handler {
	return rest.New(c, rest.Options{MLRun: c.cfg.MLRun, Timeout: c.cfg.Timeout, Logger: c.cfg.Logger, Room: c.Room()})
}

// Room is where memory for bodies is made on every port.
func (c *Core) Room() *oip.Room { return &c.room }

// NewAccessLog returns a log of requests that writes to w. mode is "off",
// "errors" or "all", format "text" or "json". The caller starts it before [Run]
// and closes it afterwards.
func NewAccessLog(w io.Writer, mode, format string) (*rest.AccessLog, error) {
	m, err := rest.ParseAccessMode(mode)
	if err != nil {
		return nil, err
	}
	return rest.NewAccessLog(w, rest.AccessOptions{Mode: m, JSON: format == "json"}), nil
}
