package driver

import (
	"errors"
	"fmt"
)

var (
	// ErrUnsupported says that a backend does not have what was asked for.
	ErrUnsupported = fmt.Errorf("this kind of stream cannot do that: %w", errors.ErrUnsupported)
	// ErrClosed says that a stream or a reader was closed before.
	ErrClosed = errors.New("the stream is closed")
)

// A BatchError says which messages of a batch were not published. Errs has an
// entry for each message of the batch, nil for those that were.
type BatchError struct{ Errs []error }

// Error tells how many there were, and the first cause.
func (e *BatchError) Error() string {
	n, first := 0, error(nil)
	for _, err := range e.Errs {
		if err != nil {
			if n++; first == nil {
				first = err
			}
		}
	}
	return fmt.Sprintf("%d of %d messages were not published: %v", n, len(e.Errs), first)
}

// Unwrap returns the causes.
func (e *BatchError) Unwrap() []error {
	var errs []error
	for _, err := range e.Errs {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// permanent is an error that trying again cannot change.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that trying again cannot change, such as a message
// that is too large. nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent says whether err was marked by [Permanent], or says that
// something is closed or unsupported.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p) || errors.Is(err, ErrClosed) || errors.Is(err, errors.ErrUnsupported)
}
