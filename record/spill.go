package record

import "time"

// spillPause is how long files that take no more are left alone.
const spillPause = time.Second

// spill moves records to files while the stream fails, while it has yet to take what is
// in them, and when there are many in memory, until the pusher is closed.
func (p *Pusher) spill() {
	for {
		select {
		case <-p.queue.crowded:
			p.toFiles()
		case <-p.stop:
			return
		}
	}
}

// toFiles moves the records that are in memory to files.
func (p *Pusher) toFiles() {
	if p.Folder == nil || time.Now().Before(p.spillAt) {
		return
	}
	chunks := p.queue.depart(p.failing.Load())
	if len(chunks) == 0 {
		return
	}
	n, err := p.spool.append(chunks)
	p.queue.arrive(chunks, n)
	switch {
	case err != nil:
		p.spillAt = time.Now().Add(spillPause)
		if !p.full {
			p.full = true
			p.Logger.Error("records cannot be kept in files; those that there is no room for are dropped", "error", err)
		}
	case p.full:
		p.full = false
		p.Logger.Info("records are kept in files again")
	}
}
