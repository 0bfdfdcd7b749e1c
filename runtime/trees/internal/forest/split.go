package forest

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// A prediction is split over goroutines when it is estimated to visit at least
// splitVisits nodes; a visit takes about a nanosecond, and it takes microseconds
// until a goroutine runs on another processor. Pieces visit about pieceVisits.
const (
	splitVisits = 200_000
	pieceVisits = 50_000
	pieceRows   = maxBlock // of which a piece has a multiple
)

// helping is how many goroutines help callers. There is one for the whole
// process, since there is one set of processors: predictions that run at the
// same time share it, and those that come when all are taken run on their
// caller's goroutine alone.
var helping atomic.Int32

// takeHelpers returns how many goroutines, at most as many as are wanted, may
// help. Each gives itself back.
func takeHelpers(wanted int) int {
	limit := runtime.GOMAXPROCS(0) - 1 // the caller has one
	for {
		now := helping.Load()
		n := min(wanted, limit-int(now))
		if n <= 0 {
			return 0
		}
		if helping.CompareAndSwap(now, now+int32(n)) {
			return n
		}
	}
}

// A split is a prediction that several goroutines make, piece by piece.
type split[D, S float] struct {
	e     *Ensemble
	dst   []D
	rows  []S
	n     int
	out   Output
	piece int // rows

	next    atomic.Int64 // the first row that nobody has taken
	running sync.WaitGroup
	helpers []func() // each is run by one goroutine; made once, so that starting it allocates nothing
	errs    []error  // of the helpers
}

// helpersFor takes the goroutines that are to help with n rows, if any.
func (e *Ensemble) helpersFor(n int, out Output) int {
	visits := n * e.visits()
	if out == Contrib || n < 2*pieceRows || visits < splitVisits {
		return 0
	}
	return takeHelpers(min(n/pieceRows, visits/pieceVisits) - 1)
}

// visits is how many nodes a row visits at most.
func (e *Ensemble) visits() int {
	switch {
	case e.single != nil:
		return e.single.visits
	case e.double != nil:
		return e.double.visits
	case e.oblivious != nil:
		return len(e.oblivious.tests)
	}
	return 0
}

// predictSplit is predictPart by the caller and that many helpers.
func predictSplit[D, S float](e *Ensemble, dst []D, rows []S, n int, out Output, helpers int) error {
	s, ok := e.split.Get().(*split[D, S])
	if !ok {
		s = &split[D, S]{}
	}
	s.e, s.dst, s.rows, s.n, s.out = e, dst, rows, n, out
	s.piece = max(1, pieceVisits/(pieceRows*e.visits())) * pieceRows
	s.next.Store(0)
	s.start(helpers)
	err := s.work()
	s.running.Wait()
	err = errors.Join(err, errors.Join(s.errs[:helpers]...))
	s.dst, s.rows = nil, nil
	e.split.Put(s)
	return err
}

func (s *split[D, S]) start(helpers int) {
	for i := len(s.helpers); i < helpers; i++ {
		s.errs = append(s.errs, nil)
		s.helpers = append(s.helpers, func() {
			s.errs[i] = s.work()
			helping.Add(-1)
			s.running.Done()
		})
	}
	s.running.Add(helpers)
	for _, help := range s.helpers[:helpers] {
		go help()
	}
}

// work predicts pieces until none is left.
func (s *split[D, S]) work() error {
	features, width := s.e.info.Features, s.e.Width(s.out)
	for {
		from := int(s.next.Add(int64(s.piece))) - s.piece
		if from >= s.n {
			return nil
		}
		to := min(from+s.piece, s.n)
		err := predictPart(s.e, s.dst[from*width:to*width], s.rows[from*features:to*features], to-from, s.out)
		if err != nil {
			return err
		}
	}
}
