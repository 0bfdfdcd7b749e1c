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
)

// NewHTTPServer returns an http.Server for h with limits on what a client may
// take: 10 s and 64 KiB for a request's header, 2 min between requests, HTTP/1.1
// only. Time for bodies is the Handler's to give. What net/http has to complain
// about goes to logger at level debug; nil is nobody.
func NewHTTPServer(h http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:                      h,
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
}

// NewServer returns a server of h.
func NewServer(h *Handler) *Server {
	s := &Server{handler: h, http: NewHTTPServer(h, h.opts.Logger)}
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
// waits for those in flight. When ctx ends first it closes their connections,
// which cancels their contexts, and returns the context's error.
func (s *Server) Shutdown(ctx context.Context, grace time.Duration) error {
	s.handler.Drain()
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
