package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/stream/driver"
)

// A stream is an open one.
type stream struct {
	posts *Posts
	config
	client *shared
	over   atomic.Bool
	life   context.Context //nolint:containedctx // ends requests when the stream is closed
	end    context.CancelFunc
	slots  chan struct{}
	once   sync.Once
}

// Publish implements [driver.Stream].
func (s *stream) Publish(ctx context.Context, batch []*driver.Message) error {
	if s.over.Load() {
		return driver.ErrClosed
	}
	if err := ctx.Err(); err != nil || len(batch) == 0 {
		return err
	}
	s.once.Do(func() { s.slots = make(chan struct{}, s.requests) })
	errs := make([]error, len(batch))
	var all sync.WaitGroup
	for _, list := range s.config.posts(batch) {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			refuse(errs, list, ctx.Err())
			continue
		}
		all.Go(func() {
			s.sendAll(ctx, list, errs)
			<-s.slots
		})
	}
	all.Wait()
	return result(ctx, errs)
}

// sendAll posts requests one after the other: none follows one that has failed
// and will be tried again.
func (s *stream) sendAll(ctx context.Context, list []post, errs []error) {
	for i, p := range list {
		err := s.send(ctx, p)
		if err == nil {
			continue
		}
		if !driver.IsPermanent(err) {
			refuse(errs, list[i:], err)
			return
		}
		refuse(errs, list[i:i+1], err)
	}
}

func refuse(errs []error, list []post, err error) {
	for _, p := range list {
		for _, at := range p.at {
			errs[at] = err
		}
	}
}

// result is the error of a batch.
func result(ctx context.Context, errs []error) error {
	failed := 0
	for _, err := range errs {
		if err != nil {
			failed++
		}
	}
	switch {
	case failed == 0:
		return nil
	case failed == len(errs) && ctx.Err() != nil:
		return ctx.Err()
	case failed == len(errs) && len(errs) == 1:
		return errs[0]
	}
	return &driver.BatchError{Errs: errs}
}

// send posts a request.
func (s *stream) send(ctx context.Context, p post) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	body, kind := s.body(p)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target, bytes.NewReader(body))
	if err != nil {
		return driver.Permanent(fmt.Errorf("post to %s: the URL cannot be used", s.place))
	}
	req.Header.Set("Content-Type", kind)
	if s.user != nil {
		password, _ := s.user.Password()
		req.SetBasicAuth(s.user.Username(), password)
	}
	resp, err := s.client.client.Do(req)
	if err != nil {
		var about *url.Error // holds the URL, with what is secret in its query
		if errors.As(err, &about) {
			err = about.Err
		}
		if s.over.Load() {
			err = driver.ErrClosed
		}
		return fmt.Errorf("post to %s: %w", s.place, err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // to use the connection again
	return s.judge(resp.StatusCode, text)
}

// judge is the error that an answer means. Trying again may help where the other
// side is busy or broken, and not where it refuses the records.
func (s *stream) judge(status int, text []byte) error {
	if status >= 200 && status < 300 {
		return nil
	}
	reason, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	err := fmt.Errorf("post to %s: status %d: %.200q", s.place, status, reason)
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return err
	}
	if status >= 500 {
		return err
	}
	return driver.Permanent(err)
}

// errRead says why nothing can be read, and what can be.
var errRead = fmt.Errorf("records can only be posted to an http stream: where a group is to read them, have them in a stream of the kind nats://, file:// or mem://: %w", driver.ErrUnsupported)

// Subscribe implements [driver.Stream]: nothing can be read.
func (s *stream) Subscribe(context.Context, string, driver.ReadOptions) (driver.Reader, error) {
	if s.over.Load() {
		return nil, driver.ErrClosed
	}
	return nil, errRead
}

// Lag implements [driver.Stream]: nobody knows.
func (s *stream) Lag(context.Context, string) (int64, error) { return 0, errRead }

// Close implements [driver.Stream].
func (s *stream) Close(context.Context) error {
	if !s.over.Swap(true) {
		s.end()
		s.posts.release(s.client)
	}
	return nil
}
