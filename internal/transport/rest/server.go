package rest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10 // bytes

	// lastWords is how long before the end of a shutdown requests that are still served
	// are told so, or a tenth of its time.
	lastWords = time.Second
)

// NewHTTPServer returns an http.Server for h with limits on what a client may
// take: 10 s and 64 KiB for a request's header, 2 min between requests, HTTP/1.1
// only, as a client that begins with HTTP/2 is told. Time for bodies is the
// Handler's to give. What net/http has to complain about goes to logger at level
// debug; nil is nobody.
func NewHTTPServer(h http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:                      onlyHTTP1{h},
		ReadHeaderTimeout:            headerTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeader,
		Protocols:                    protocols,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true,
	}
}

// A Server serves a [Handler] and shuts it down.
type Server struct {
	handler *Handler
	http    *http.Server
	end     context.CancelCauseFunc // of all requests
}

// NewServer returns a server of h.
func NewServer(h *Handler) *Server {
	s := &Server{handler: h, http: NewHTTPServer(h, h.opts.Logger)}
	base, end := context.WithCancelCause(context.Background())
	s.end = end
	s.http.BaseContext = func(net.Listener) context.Context { return base }
	s.http.ConnContext = withGone
	return s
}

// Serve accepts connections from l, which it closes in the end. It returns nil
// after Shutdown. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error {
	own := newListener(l)
	own.documents = !s.handler.opts.MLRun
	if err := s.http.Serve(own); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown serves on for the grace period, so that whoever balances the load
// sees that the server is not ready any more, then refuses new requests and
// waits for those in flight. A little before ctx ends it cancels their contexts, so that
// their clients are told: by a status, or in a stream by its last event. When that does not
// end them it closes their connections, and returns the context's error.
func (s *Server) Shutdown(ctx context.Context, grace time.Duration) error {
	s.handler.Drain()
	if at, ok := ctx.Deadline(); ok {
		left := time.Until(at)
		defer time.AfterFunc(left-min(lastWords, left/10), func() { s.end(errShutDown) }).Stop()
	}
	wait := time.NewTimer(grace)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	s.handler.Refuse()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	return err
}
