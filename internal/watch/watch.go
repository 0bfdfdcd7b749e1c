// Package watch tells when files have changed. Notifications of the operating
// system only wake it up: what counts is how the files are, so that it also
// works where there are none, and so that a link that is turned to another
// folder, as Kubernetes does with what it mounts, is a change like any other.
package watch

import (
	"context"
	"log/slog"
	"time"

	"github.com/leat-ml/leat/internal/filestate"
)

// Paths are what to watch. The state of the Files is what counts. Something new
// in one of the Folders, or anywhere below one of the Trees, may add to them.
type Paths struct{ Files, Folders, Trees []string }

// Options say what is watched and how. The zero durations have the defaults.
type Options struct {
	// Paths is called whenever something may have changed.
	Paths  func() Paths
	Logger *slog.Logger
	// Since is how the files were when they were read; nil is as they are now.
	Since *filestate.Files
	// Quiet is how long the files must stay as they are to count as written: 150 ms.
	Quiet time.Duration
	// Poll is how often they are looked at without notifications: 2 s; and Recheck
	// with them, for what they miss: 30 s.
	Poll, Recheck time.Duration
	// notify makes the notifications; nil is the operating system's.
	notify func(Paths) (notifier, error)
}

// Run calls changed, one call at a time, after every change of the files until
// ctx ends. The files are as they should be when it is called.
func Run(ctx context.Context, o Options, changed func()) {
	o.fill()
	last := o.Since
	if last == nil {
		last = filestate.Look(o.Paths().Files...)
	}
	for ctx.Err() == nil {
		n, every := o.listen()
		now := filestate.Look(o.Paths().Files...) // after listening, so that nothing is missed
		if now.Same(last) {
			wait(ctx, n, every)
			n.close()
			wait(ctx, silent{}, o.Quiet) // more will happen
			continue
		}
		n.close()
		if last = o.settle(ctx, now); ctx.Err() == nil {
			changed()
		}
	}
}

func (o *Options) fill() {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&o.Quiet, 150*time.Millisecond)
	set(&o.Poll, 2*time.Second)
	set(&o.Recheck, 30*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.notify == nil {
		o.notify = newNotifier
	}
}

// listen starts to listen for notifications, and says how often to look besides.
func (o *Options) listen() (notifier, time.Duration) {
	n, err := o.notify(o.Paths())
	if err != nil {
		o.Logger.Debug("no notifications of changed files: they are looked at regularly", "every", o.Poll, "error", err)
		return silent{}, o.Poll
	}
	return n, o.Recheck
}

// settle waits until the files have stayed as they are for a while.
func (o *Options) settle(ctx context.Context, now *filestate.Files) *filestate.Files {
	for {
		wait(ctx, silent{}, o.Quiet)
		next := filestate.Look(o.Paths().Files...)
		if ctx.Err() != nil || next.Same(now) {
			return next
		}
		now = next
	}
}

// wait waits for a notification, for ctx, or for d.
func wait(ctx context.Context, n notifier, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-n.heard():
	case <-ctx.Done():
	case <-t.C:
	}
}
