// Package redis finds features in hashes of Redis: redis://<host>/<number>?prefix=<prefix>,
// or table=<path> for what MLRun's feature store writes. Importing it registers the
// schemes redis and rediss with package feature.
package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leat-ml/leat/feature"
)

func init() {
	feature.Register("redis", Open)
	feature.Register("rediss", Open)
	redis.SetLogger(quiet{})
}

// quiet drops what the client logs: what matters is in the errors.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// A source asks for the fields of hashes, one for each key.
type source struct {
	options *redis.Options
	key     func(feature.Key) (name string, ok bool)
	columns []feature.Column
	client  *redis.Client
}

// Columns implements [feature.Source]: hashes do not tell what their fields are.
func (s *source) Columns() []feature.Column { return s.columns }

// Start connects.
func (s *source) Start(ctx context.Context) error {
	s.client = redis.NewClient(s.options)
	if err := s.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("connect to Redis at %s: %w", s.options.Addr, err)
	}
	return nil
}

// Close disconnects.
func (s *source) Close(context.Context) error {
	if s.client == nil {
		return nil
	}
	return s.client.Close()
}

// Lookup implements [feature.Source], in one round trip. A hash that has none of
// the fields is one that is not there: Redis tells no difference.
func (s *source) Lookup(ctx context.Context, keys []feature.Key) ([]feature.Row, error) {
	rows := make([]feature.Row, len(keys))
	asked := make([]*redis.SliceCmd, len(keys))
	fields := make([]string, len(s.columns))
	for i, c := range s.columns {
		fields[i] = c.Name
	}
	pipe := s.client.Pipeline()
	for i, key := range keys {
		if name, ok := s.key(key); ok {
			asked[i] = pipe.HMGet(ctx, name, fields...)
		}
	}
	if pipe.Len() == 0 {
		return rows, ctx.Err()
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("redis at %s: %w", s.options.Addr, err)
	}
	for i, answer := range asked {
		if answer != nil {
			rows[i] = row(answer.Val())
		}
	}
	return rows, nil
}

// row reads the values of the fields; nil if there are none.
func row(values []any) feature.Row {
	if !slices.ContainsFunc(values, func(v any) bool { return v != nil }) {
		return nil
	}
	row := make(feature.Row, len(values))
	for i, v := range values {
		if text, ok := v.(string); ok {
			row[i] = value(text)
		}
	}
	return row
}

// settings are those of the client beside what the URL says.
func settings(o feature.Options) *redis.Options {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	return &redis.Options{
		ContextTimeoutEnabled: true, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		MaxRetries: 1, DialerRetries: 1, PoolSize: connections, MaxActiveConns: connections, ConnMaxIdleTime: 5 * time.Minute,
		Protocol: 2, DisableIdentity: true,
	}
}

// connections bounds the pool, unless the URL has its own number.
const connections = 8

// columns are the fields to ask for.
func columns(o feature.Options) ([]feature.Column, error) {
	if len(o.Features) == 0 {
		return nil, errors.New("features is missing: which fields the hashes have is not known before they are read")
	}
	columns := make([]feature.Column, len(o.Features))
	for i, name := range o.Features {
		if name == "" || strings.HasPrefix(name, "\x01") {
			return nil, fmt.Errorf("%q is no name of a feature", name)
		}
		columns[i].Name = name
	}
	return columns, nil
}
