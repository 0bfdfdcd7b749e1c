package awake

import "time"

// When waiting awake begins and ends.
const (
	longest  = 200 * time.Microsecond // of a wait, and between an answer and a request that came soon
	stolen   = 50 * time.Microsecond  // between two looks: somebody else needs the processor
	enough   = 4                      // requests in a row that came soon, from which on it is waited for the next
	restFrom = time.Millisecond       // without waiting, after it was in vain
	restUpTo = time.Second            // the most; each failure doubles it
	forgiven = 64                     // requests in a row that came soon, after which failures are forgotten
)

// A rhythm is how closely requests follow answers. Times are since some beginning.
type rhythm struct {
	soon  int           // requests in a row that came soon after the answer before
	until time.Duration // end of the rest
	rest  time.Duration // that the last failure led to; 0 for none
}

// quick says whether the next request is likely to come soon.
func (r *rhythm) quick(now time.Duration) bool { return r.soon >= enough && now >= r.until }

// came notes that a request came that long after the answer before.
func (r *rhythm) came(gap, longest time.Duration) {
	if gap > longest {
		r.soon = 0
		return
	}
	if r.soon++; r.soon >= forgiven {
		r.rest = 0
	}
}

// lost notes a wait in vain.
func (r *rhythm) lost(now time.Duration) {
	r.soon = 0
	r.rest = min(max(restFrom, 2*r.rest), restUpTo)
	r.until = now + r.rest
}
