package python

import (
	"fmt"
	"sync"
	"time"
)

// guard watches the memory of a worker that begins, and returns what ends that.
func (p *pool) guard(proc *process) (stop func()) {
	if p.loaded.code.Memory <= 0 {
		return func() {}
	}
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		t := time.NewTicker(watchMemory)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				p.limit(proc)
			case <-done:
				return
			}
		}
	})
	return func() { close(done); watching.Wait() }
}

// limit kills a worker that has more memory than it may, and says how much that
// was.
func (p *pool) limit(proc *process) (used int64) {
	used, err := resident(proc.cmd.Process.Pid)
	if most := p.loaded.code.Memory; err == nil && used > most {
		proc.confess(quickWord)
		proc.kill(fmt.Sprintf("it used %d MiB of memory, more than the limit of %d MiB", used>>20, most>>20))
	}
	return used
}

// keep has the slot have a worker until the pool ends.
func (p *pool) keep(s *slot, w *worker) {
	pause := p.pause
	for {
		began := time.Now()
		next, why := p.watch(s, w)
		if next != nil {
			w = next
			continue
		}
		if p.life.Err() != nil {
			return
		}
		if time.Since(began) >= goodLife {
			pause = p.pause
		}
		p.logger.Error("Python worker ended and is started again", "why", why, "slot", s.number, "pause", pause)
		if w, pause = p.again(s, pause); w == nil {
			return
		}
		p.logger.Info("Python worker is back", "slot", s.number, "pid", w.cmd.Process.Pid)
		s.live.Store(w)
	}
}

// again starts a worker after a pause, as often as it takes. It returns nil when
// the pool ends.
func (p *pool) again(s *slot, pause time.Duration) (*worker, time.Duration) {
	for {
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-p.life.Done():
			t.Stop()
			return nil, 0
		}
		pause = min(2*pause, longestPause)
		w, err := p.boot(p.life, s)
		if err == nil {
			p.restarts.Add(1)
			return w, pause
		}
		if p.life.Err() != nil {
			return nil, 0
		}
		why := err.Error()
		s.down.Store(&why)
		p.logger.Error("Python worker cannot be started again", "error", err, "slot", s.number, "pause", pause)
	}
}

// watch returns when the worker has ended, and says why, or when another has
// taken its place. At the end of the pool it ends the worker.
func (p *pool) watch(s *slot, w *worker) (next *worker, why string) {
	every := watchEvery
	if p.loaded.code.Memory > 0 {
		every = watchMemory
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-w.exited:
			why = w.why()
			s.down.Store(&why)
			s.live.Store(nil)
			<-w.gone
			return nil, why
		case <-p.life.Done():
			s.live.Store(nil)
			w.end()
			return nil, ""
		case now := <-t.C:
			if w.hangs(now, p.grace) {
				w.confess(confession)
				w.kill(fmt.Sprintf("it did not come back within %v after the deadline of a request", p.grace))
			}
			if next := p.relieve(s, w); next != nil {
				return next, ""
			}
		}
	}
}

// relieve puts another worker in the place of one that is idle and has nearly as
// much memory as it may: what leaks is let go of before it does harm.
func (p *pool) relieve(s *slot, w *worker) (next *worker) {
	most := p.loaded.code.Memory
	if most <= 0 {
		return nil
	}
	used := p.limit(w.process)
	if used > most || used < most/10*9 || w.load.Load() > 0 {
		return nil
	}
	next, err := p.boot(p.life, s)
	if err != nil {
		p.logger.Error("Python worker has nearly as much memory as it may, and another cannot be started", "error", err, "slot", s.number)
		return nil
	}
	p.logger.Warn("Python worker had nearly as much memory as it may, and another took its place", "slot", s.number, "mib", used>>20)
	s.live.Store(next)
	p.restarts.Add(1)
	last := time.Now().Add(longestPause)
	for w.load.Load() > 0 && p.life.Err() == nil && time.Now().Before(last) { // requests that came meanwhile
		time.Sleep(time.Millisecond)
	}
	w.end()
	return next
}
