// Package nats keeps streams in NATS JetStream. nats:///subject is in a server
// within this process, which keeps its files in the program's folder and listens
// nowhere; it is started at the first use and ends with the last stream.
// nats://host/subject is in a server elsewhere. [NATS.Open] opens both.
//
// A consumer group is a durable consumer. In the server within the process
// several records are one message of NATS (see pack.go), which makes it some
// five times faster; elsewhere a record is a message, which every NATS client
// reads, unless the option records says otherwise. As in a file, what has been
// acknowledged stays until its room is needed, and a full stream makes those who
// publish wait.
package nats

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/leat-ml/leat/stream/driver"
)

// NATS opens streams. Streams of one server share a connection, so a process has
// one NATS. The zero value is ready to use, and safe for concurrent use.
type NATS struct {
	// Logger is told what goes wrong beside the calls of a program; nil tells nobody.
	Logger *slog.Logger
	// Folder is where the server within the process keeps its files; without one
	// there is no such server.
	Folder Folder

	mu      sync.Mutex
	servers map[string]*server
}

// A Folder is the program's own place for streams. It is safe for concurrent use.
type Folder interface {
	// Path is the folder's, which need not be there.
	Path() string
	// Claim makes sure that no other process uses the folder. It is called before
	// anything is made there, and may be called often.
	Claim() error
}

// Open implements [driver.Open]. The options are
//
//   - max_bytes, of the stream, from which room is made; 1GiB;
//   - records, how many of them are one message of NATS at most: 4096 in the
//     server within the process, 1 elsewhere;
//   - sync, of the server within the process, the same for all its streams:
//     always (Publish waits until the disk has the records) or none (they survive
//     the process, not the machine);
//   - timeout, of a call to a server elsewhere; 5s;
//   - ack_wait, after which a server elsewhere delivers again what a process had
//     that does not answer any more; 30s;
//   - tls=true, ca (a file of certificates) and creds (a file of credentials), of
//     a server elsewhere. A user and a password may be in the URL, or a token.
func (ns *NATS) Open(_ context.Context, s driver.Source) (driver.Stream, driver.Traits, error) {
	c, err := ns.configOf(s)
	if err != nil {
		return nil, driver.Traits{}, err
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	sv := ns.servers[c.key()]
	if sv == nil {
		if ns.servers == nil {
			ns.servers = map[string]*server{}
		}
		sv = newServer(ns, c)
		ns.servers[c.key()] = sv
	}
	if sv.config.sync != c.sync {
		return nil, driver.Traits{}, errors.New("option sync is of the server within the process: another stream there has it otherwise")
	}
	l := sv.logs[c.subject]
	if l == nil {
		l = &log{server: sv, config: c, groups: map[string]*group{}}
		sv.logs[c.subject] = l
	}
	l.users++
	return &stream{hub: ns, log: l}, driver.Traits{}, nil
}

// release lets go of a log, and of its server when nobody uses that any more.
func (ns *NATS) release(l *log) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if l.users--; l.users > 0 {
		return
	}
	sv := l.server
	if sv.logs[l.subject] == l {
		delete(sv.logs, l.subject)
	}
	if len(sv.logs) > 0 {
		return
	}
	if ns.servers[l.key()] == sv {
		delete(ns.servers, l.key())
	}
	sv.close()
}

func (ns *NATS) logger() *slog.Logger {
	if ns.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return ns.Logger
}
