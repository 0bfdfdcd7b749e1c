package file

import "time"

// A saver writes to the disk, every now and then, what may be a little late
// there.
type saver struct {
	quit  chan struct{}
	done  chan struct{}
	dirty chan struct{}
}

func (s *saver) start(l *log) {
	s.quit, s.done, s.dirty = make(chan struct{}), make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(s.done)
		for {
			select {
			case <-s.quit:
				return
			case <-s.dirty:
			}
			pause := time.NewTimer(max(l.config.save, time.Millisecond))
			select {
			case <-s.quit:
				pause.Stop()
				return
			case <-pause.C:
			}
			l.saveNow()
		}
	}()
}

// touch says that something has to be saved.
func (s *saver) touch() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *saver) stop() {
	close(s.quit)
	<-s.done
}
