package endpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// What stores say of endpoints.
var (
	ErrNotFound = errors.New("there is no such model endpoint")
	ErrExists   = errors.New("the model endpoint exists already")
)

// A Store keeps records. It is safe for concurrent use, by several processes too.
type Store interface {
	// Change replaces a record by what change makes of it, in one transaction.
	// change gets nil where there is none, and an error of its own leaves
	// everything as it was. What has come to the endpoint is kept whatever change
	// returns: it is Record's. change may be called twice.
	Change(ctx context.Context, uid string, change func(old *Endpoint) (Endpoint, error)) error
	// Record adds what has come to endpoints, all of it or nothing. Records that
	// are not there are left out.
	Record(ctx context.Context, traffic []Traffic) error
	// Find returns one record, or [ErrNotFound].
	Find(ctx context.Context, uid string) (Endpoint, error)
	List(ctx context.Context, q Query) (Page, error)
	// AppendList appends what List finds to dst as JSON, an array of records, much
	// faster than it can be made of a Page; next is for Query.After.
	AppendList(ctx context.Context, q Query, dst []byte) (list []byte, next string, err error)
	// Panes are what came to an endpoint in panes that begin between two times,
	// both included, the oldest first; those in which nothing came are left out.
	Panes(ctx context.Context, uid string, from, to time.Time) ([]Pane, error)
	// Delete removes a record. One that is not there is none to remove.
	Delete(ctx context.Context, uid string) error
	Close() error
}

// A Traffic is what has come to one endpoint since the last time.
type Traffic struct {
	UID              string
	Requests, Errors int64
	First, Last      time.Time // of these requests; zero for none
	Rates            Rates     // as they are now
	Panes            []Pane    // the same requests by when they came
}

// Create adds a record, or returns [ErrExists].
func Create(ctx context.Context, s Store, e Endpoint) error {
	return s.Change(ctx, e.Metadata.UID, func(old *Endpoint) (Endpoint, error) {
		if old != nil {
			return *old, ErrExists
		}
		return e, nil
	})
}

// Update changes a record that is there, or returns [ErrNotFound].
func Update(ctx context.Context, s Store, uid string, change func(e *Endpoint) error) error {
	return s.Change(ctx, uid, func(old *Endpoint) (Endpoint, error) {
		if old == nil {
			return Endpoint{}, ErrNotFound
		}
		err := change(old)
		return *old, err
	})
}

// Options are what a store may be given.
type Options struct {
	// Timeout bounds connecting; 0 is the backend's own.
	Timeout time.Duration
}

// An Opener opens the store at a URL and brings its tables up to date.
type Opener func(ctx context.Context, u *url.URL, o Options) (Store, error)

var registry = struct {
	sync.RWMutex
	openers map[string]Opener
}{openers: map[string]Opener{}}

// Register adds a kind of database by the scheme of its URLs. A scheme that is
// there already is a mistake of the program, so it panics.
func Register(scheme string, open Opener) {
	registry.Lock()
	defer registry.Unlock()
	if registry.openers[scheme] != nil {
		panic("endpoint: " + scheme + " is registered twice") //nolint:forbidigo // a registry panics on misuse
	}
	registry.openers[scheme] = open
}

// Schemes are those that are registered.
func Schemes() []string {
	registry.RLock()
	defer registry.RUnlock()
	return slices.Sorted(maps.Keys(registry.openers))
}

// Open opens the store at a URL, such as sqlite:///path or postgres://host/name.
// Errors do not repeat passwords.
func Open(ctx context.Context, address string, o Options) (Store, error) {
	u, open, err := parse(address)
	if err != nil {
		return nil, err
	}
	return open(ctx, u, o)
}

// CheckURL says what is wrong with the URL of a database, as far as can be told
// without opening it.
func CheckURL(address string) error {
	_, _, err := parse(address)
	return err
}

func parse(address string) (*url.URL, Opener, error) {
	u, err := url.Parse(address)
	if err != nil { // the error repeats the URL, in which there may be a password
		return nil, nil, errors.New("the URL of the database cannot be read: special characters in its password are written as %40, for example")
	}
	registry.RLock()
	open := registry.openers[u.Scheme]
	registry.RUnlock()
	if open == nil && len(Schemes()) == 0 {
		return nil, nil, errors.New("this program has no databases: it imports none of those below github.com/leat-ml/leat/endpoint")
	}
	if open == nil {
		return nil, nil, fmt.Errorf("a database is at %s://, not %q", strings.Join(Schemes(), ":// or "), u.Scheme)
	}
	return u, open, nil
}
