package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// A notifier says that something has happened near the files.
type notifier interface {
	heard() <-chan struct{}
	close()
}

// silent never hears anything.
type silent struct{}

func (silent) heard() <-chan struct{} { return nil }
func (silent) close()                 {}

// A listener hears of folders from the operating system. Files are not watched
// themselves: a file that is replaced takes its watch with it.
type listener struct {
	w     *fsnotify.Watcher
	ears  chan struct{}
	ended chan struct{}
}

// newNotifier listens to the folders, and those of the files.
func newNotifier(p Paths) (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	if err := listenTo(w, p); err != nil {
		_ = w.Close() // never heard of
		return nil, err
	}
	l := &listener{w, make(chan struct{}, 1), make(chan struct{})}
	go l.listen()
	return l, nil
}

// An adder listens to one more folder.
type adder interface{ Add(dir string) error }

// listenTo adds the folders, and those that were made in them before they were
// listened to: nothing would be heard of what is in them.
func listenTo(w adder, p Paths) error {
	heard := map[string]bool{}
	for more := true; more && len(heard) < maxFolders; {
		more = false
		for dir := range folders(p) {
			if heard[dir] {
				continue
			}
			if err := w.Add(dir); err != nil {
				return fmt.Errorf("watch %s: %w", dir, err)
			}
			heard[dir], more = true, true
		}
	}
	return nil
}

// listen passes on that there were events until the watcher is closed.
func (l *listener) listen() {
	defer close(l.ended)
	for {
		select {
		case _, ok := <-l.w.Events:
			if !ok {
				return
			}
		case _, ok := <-l.w.Errors: // an overflow: there were events
			if !ok {
				return
			}
		}
		select {
		case l.ears <- struct{}{}:
		default:
		}
	}
}

func (l *listener) heard() <-chan struct{} { return l.ears }

func (l *listener) close() {
	_ = l.w.Close() // only read
	<-l.ended
}

// folders are those to listen to: of each path the folder that it is in, as it
// is named and where links lead, itself if it is a folder, and those below; and
// where the links on the way to it are.
func folders(p Paths) map[string]bool {
	all := map[string]bool{}
	for _, f := range slices.Concat(p.Trees, p.Files) {
		addTree(all, f)
	}
	for _, f := range p.Folders {
		addExisting(all, f)
	}
	for _, f := range p.Files {
		addExisting(all, filepath.Dir(f))
		if to, err := filepath.EvalSymlinks(f); err == nil {
			addExisting(all, filepath.Dir(to))
		}
	}
	for _, f := range slices.Concat(p.Trees, p.Folders, p.Files) {
		if abs, err := filepath.Abs(f); err == nil {
			addLinks(all, abs, 0)
		}
	}
	return all
}

// maxFolders is how many are listened to at most: systems have limits. Changes
// in others are found when the files are looked at.
const maxFolders = 4096

// addTree adds a path if it is a folder, and the folders below.
func addTree(all map[string]bool, path string) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() || len(all) >= maxFolders || all[path] {
		return
	}
	all[path] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() && e.Name()[0] != '.' && e.Name() != "node_modules" {
			addTree(all, filepath.Join(path, e.Name()))
		}
	}
}

// addExisting adds a folder, or where there is none the next one above it.
func addExisting(all map[string]bool, dir string) {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			if len(all) < maxFolders {
				all[dir] = true
			}
			return
		}
		up := filepath.Dir(dir)
		if up == dir {
			return
		}
		dir = up
	}
}

// maxLinks is how many links may lead to each other.
const maxLinks = 40

// addLinks adds the folders of the links on the way to an absolute path.
func addLinks(all map[string]bool, path string, followed int) {
	dir, rest := filepath.VolumeName(path)+string(filepath.Separator), strings.Split(path, string(filepath.Separator))
	for i, name := range rest {
		at := filepath.Join(dir, name)
		to, err := os.Readlink(at)
		if err != nil { // none
			dir = at
			continue
		}
		if addExisting(all, dir); !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		if followed < maxLinks {
			addLinks(all, filepath.Join(append([]string{to}, rest[i+1:]...)...), followed+1)
		}
		return
	}
}
