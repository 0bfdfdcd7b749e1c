// Package stream publishes to streams and reads them for consumer groups,
// whatever is behind: memory, files, and what else is registered. A [Mux] opens
// a [Topic] by its URL; [Topic.Publish] appends to it, [Topic.Subscribe] has a
// handler called for every message of a group.
//
// Messages are delivered at least once: again when the handler fails, when it
// has not returned by the time its process ends, and when an acknowledgement is
// lost in a crash. The order of messages with one key is kept.
//
// What the backends have in common is here, once: gathering batches, trying
// again, pacing, dead letters, and telling an [Observer]. What they differ in is
// a [driver.Stream], as small as can be, that passes the suite in drivertest.
package stream

import "github.com/leat-ml/leat/stream/driver"

type (
	// A Message is a record of a stream; see [driver.Message].
	Message = driver.Message
	// A Delivery is a message on its way to a handler.
	Delivery = driver.Delivery
)
