package record

import "time"

// refusalEvery is how often the log has that the stream refuses records.
const refusalEvery = 10 * time.Second

// refusals are records that the stream has refused for good: the first are told at
// once, and those that follow together, since a stream that refuses one may refuse
// them all. They belong to who delivers.
type refusals struct {
	untold int
	last   error
	next   time.Time // not told before
}

// refuses tells of n records that the stream refuses, at once or later.
func (p *Pusher) refuses(n int, err error) {
	r := &p.refused
	r.untold, r.last = r.untold+n, err
	if now := time.Now(); !now.Before(r.next) {
		r.next = now.Add(refusalEvery)
		p.tellRefusals()
	}
}

// tellRefusals tells of those that have not been told.
func (p *Pusher) tellRefusals() {
	r := &p.refused
	if r.untold == 0 {
		return
	}
	p.Logger.Error("the stream refuses records, which are dropped", "records", r.untold, "error", r.last)
	r.untold, r.last = 0, nil
}
