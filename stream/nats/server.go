package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/leat-ml/leat/stream/driver"
)

// A server is a connection to one, which the streams there share. It is made at
// the first use.
type server struct {
	hub    *NATS
	config config
	logs   map[string]*log // by subject; guarded by the hub's lock

	mu     sync.Mutex
	within *natsserver.Server // in this process, once it runs
	conn   *client.Conn
	js     jetstream.JetStream
	closed bool
	over   chan struct{} // closed when it is

	breaking sync.Once
	broken   chan struct{} // closed when the server in the process cannot write
	cause    error         // why, from then on
}

func newServer(ns *NATS, c config) *server {
	return &server{hub: ns, config: c, logs: map[string]*log{}, over: make(chan struct{}), broken: make(chan struct{})}
}

// log is where a server in this process says things.
func (s *server) log() serverLog {
	return serverLog{logger: s.hub.logger(), broken: func(err error) {
		s.breaking.Do(func() {
			s.cause = err
			close(s.broken)
		})
	}}
}

// connect returns the connection, which is made if there is none yet.
func (s *server) connect(ctx context.Context) (jetstream.JetStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, driver.ErrClosed
	case s.js != nil:
		return s.js, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.dial(ctx); err != nil {
		return nil, err
	}
	var err error
	s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(s.config.timeout),
		jetstream.WithPublishAsyncTimeout(s.config.timeout), jetstream.WithPublishAsyncMaxPending(maxInFlight))
	return s.js, err
}

// maxInFlight are the messages of all streams of a server that wait for their
// acknowledgement: a stream has wave of them at most.
const maxInFlight = 1 << 16

func (s *server) dial(ctx context.Context) (err error) {
	options := []client.Option{
		client.Name("leat"), client.MaxReconnects(-1), client.Timeout(s.patience(ctx)),
		client.ReconnectWait(250 * time.Millisecond), client.ErrorHandler(s.heard),
		client.PingInterval(20 * time.Second), client.MaxPingsOutstanding(2),
	}
	if s.config.embedded() {
		if s.within == nil {
			if s.within, err = start(s.hub.Folder, s.config.sync, s.log()); err != nil {
				return err
			}
		}
		s.conn, err = client.Connect("", append(options, client.InProcessServer(s.within))...)
	} else {
		s.conn, err = client.Connect("nats://"+s.config.address, append(options, s.config.credentials()...)...)
	}
	if err != nil {
		return fmt.Errorf("connect to NATS at %s: %w", s.place(), err)
	}
	return nil
}

// patience is how long connecting may take.
func (s *server) patience(ctx context.Context) time.Duration {
	d := s.config.timeout
	if until, ok := ctx.Deadline(); ok {
		d = min(d, max(time.Until(until), time.Millisecond))
	}
	return d
}

// limit is the size of the largest message, once there is a connection.
func (s *server) limit() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return maxPayload
	}
	return s.conn.MaxPayload()
}

func (s *server) place() string {
	if s.config.embedded() {
		return "the server in the process"
	}
	return s.config.address
}

// credentials are who the connection is, and how it is protected.
func (c *config) credentials() (options []client.Option) {
	if c.user != nil {
		if password, ok := c.user.Password(); ok {
			options = append(options, client.UserInfo(c.user.Username(), password))
		} else {
			options = append(options, client.Token(c.user.Username()))
		}
	}
	if c.creds != "" {
		options = append(options, client.UserCredentials(c.creds))
	}
	if c.ca != "" {
		options = append(options, client.RootCAs(c.ca))
	}
	if c.tls {
		options = append(options, client.Secure())
	}
	return options
}

// heard is told what the connection meets on its own.
func (s *server) heard(_ *client.Conn, _ *client.Subscription, err error) {
	s.hub.logger().Warn("a connection to NATS", "server", s.place(), "error", err)
}

// close ends the connection, and the server if it is in this process. The client's
// CleanupPublisher is left alone, which would end those who publish: it also takes the
// end of the connection from a goroutine that has not had its turn since the first
// message, and then waits for ever.
func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	close(s.over)
	if s.conn != nil {
		if err := s.conn.FlushTimeout(time.Second); err != nil && !errors.Is(err, client.ErrConnectionClosed) {
			s.hub.logger().Warn("the last acknowledgements may not have reached NATS", "server", s.place(), "error", err)
		}
		s.conn.Close()
	}
	if s.within != nil {
		stop(s.within)
	}
}
