package database

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

// Options are what a database may be given.
type Options struct {
	// Timeout bounds connecting; 0 is the backend's own.
	Timeout time.Duration
}

// An Opener opens the database at a URL.
type Opener func(ctx context.Context, u *url.URL, o Options) (*DB, error)

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
		panic("database: " + scheme + " is registered twice") //nolint:forbidigo // a registry panics on misuse
	}
	registry.openers[scheme] = open
}

// Schemes are those that are registered.
func Schemes() []string {
	registry.RLock()
	defer registry.RUnlock()
	return slices.Sorted(maps.Keys(registry.openers))
}

// Open opens the database at a URL, such as sqlite:///path or
// postgres://host/name. Errors do not repeat passwords.
func Open(ctx context.Context, address string, o Options) (*DB, error) {
	u, err := url.Parse(address)
	if err != nil { // the error repeats the URL, in which there may be a password
		return nil, errors.New("the URL of the database cannot be read: special characters in its password are written as %40, for example")
	}
	registry.RLock()
	open := registry.openers[u.Scheme]
	registry.RUnlock()
	if open == nil {
		return nil, fmt.Errorf("a database is at %s://, not %q", strings.Join(Schemes(), ":// or "), u.Scheme)
	}
	return open(ctx, u, o)
}
