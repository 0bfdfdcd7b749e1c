package oip

import (
	"cmp"
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// What a document may have, so that the memory which it takes is bounded: of a few bytes
// a hundred can be made.
const (
	maxRank   = 256       // lengths of a shape
	maxItems  = 1 << 16   // inputs, outputs and parameters of a request, each
	maxName   = 64 << 10  // bytes of a name
	maxValues = 256 << 20 // bytes that values take
)

// tooLong says that a name is too long, if it is.
func tooLong(what string, n int) error {
	if n <= maxName {
		return nil
	}
	return fmt.Errorf("%s has %d bytes, and may have %d", what, n, maxName)
}

func tooMany(what string) error { return fmt.Errorf("there are more than %d %s", maxItems, what) }

// What values of a document take: about as much as Go has for them.
const (
	listSize   = 48
	itemSize   = 40  // of a list, of which there are two while it grows
	scalarSize = 16  // beside the bytes of a string
	fieldSize  = 72  // of an object
	keySize    = 100 // beside the field, where there are many
	objectSize = 64
	tensorSize = 192 // beside the elements, which are a few times their text at most
)

// hold counts memory that values take. They may take 256 MiB, or four times what the
// document has where that is more.
func (r *reader) hold(n int) error {
	r.held += n
	if most := max(cmp.Or(r.most, maxValues), 4*len(r.lx.Data)); r.held > most {
		return serve.Errorf(serve.TooLarge, "", "the values of the document take more than %d bytes: rectangular arrays of numbers take less, and so do several requests", most)
	}
	return nil
}

// Unreadable is the kind of failure that it is when a body cannot be read: its sender's,
// or [serve.TooLarge] where its values take too much memory.
func Unreadable(err error) serve.Code {
	if serve.CodeOf(err) == serve.TooLarge {
		return serve.TooLarge
	}
	return serve.BadRequest
}
