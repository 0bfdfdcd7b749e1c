package sqlstore

import (
	"hash/maphash"
	"sync"

	"github.com/leat-ml/leat/endpoint"
)

// documents remembers what the documents of records say: they hardly ever change,
// and decoding them is most of the work of a list. It is safe for concurrent use.
type documents struct {
	mu    sync.RWMutex
	known map[uint64]*endpoint.Endpoint // by the hash of the text
}

// maxDocuments bounds what is remembered, at about a kilobyte each.
const maxDocuments = 20_000

var seed = maphash.MakeSeed()

// decode returns what the document of a record says. Its maps and slices are
// shared, and nobody changes what they hold.
func (d *documents) decode(text []byte) (endpoint.Endpoint, error) {
	sum := maphash.Bytes(seed, text)
	d.mu.RLock()
	known := d.known[sum]
	d.mu.RUnlock()
	if known != nil {
		return *known, nil
	}
	e, err := endpoint.ParseHead(text)
	if err != nil {
		return e, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || len(d.known) >= maxDocuments {
		d.known = map[uint64]*endpoint.Endpoint{}
	}
	d.known[sum] = &e
	return e, nil
}
