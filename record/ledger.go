package record

// A Ledger says what became of the records of a stream: Accepted is Delivered,
// Dropped and pending, which is Queued and Spilled.
type Ledger struct {
	Accepted  int64 // taken here, and found in the folder at the start
	Delivered int64 // to the stream
	Dropped   int64 // there was no room for them, or the stream refuses them
	Queued    int64 // in memory
	Spilled   int64 // in files
	// Bytes are what they hold of memory, DiskBytes of files.
	Bytes, DiskBytes int64
	// Failing says that the stream does not take records now.
	Failing bool
}

// Pending are the records that are not delivered yet.
func (l Ledger) Pending() int64 { return l.Queued + l.Spilled }
