package python

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Code says where user code is and how it runs.
type Code struct {
	Paths []string // files and folders
	// Name and Text are a module that is in no file: its name and source.
	Name, Text string
	// Folder is that of the spec: relative paths are tried there first.
	Folder string
	// Home is the folder of the spec where Folder is another: the interpreter is
	// looked for there. "" means Folder.
	Home        string
	Interpreter string // "" looks for one
	Workers     int    // processes a model; 0 is 1
	Memory      int64  // bytes that a worker may have; 0 is no limit
	// Grace is how long after its deadline a call may come back before its worker is
	// taken to hang, and killed; 0 is 5 seconds.
	Grace time.Duration
	// Logger gets what the code prints and logs, with the names of the model and the
	// worker; nil discards.
	Logger *slog.Logger
	// Serve makes the step that serves a model of a spec.
	Serve func(a catalog.Args, m serve.Model) (serve.Step, error)
}

// Given says whether there is any code, rather than names of what is installed.
func (c *Code) Given() bool { return len(c.Paths) > 0 || c.Text != "" }

// usual is the code with what a spec says of all models in Python.
func (c Code) usual(p serve.Python) Code {
	c.Home, c.Interpreter, c.Memory = p.Folder, cmp.Or(p.Interpreter, c.Interpreter), p.Memory
	return c
}

// Interpreted says whether there is the interpreter that the code names, if it does.
func (c *Code) Interpreted(ctx context.Context) error {
	if c.Interpreter == "" {
		return nil
	}
	_, err := c.find(ctx)
	return err
}

// Loaded is what there is in code. It is immutable, and has no process.
type Loaded struct {
	Objects map[string]*Object
	// Files are those of the modules that were imported: what changes when they
	// do is another code.
	Files []string
	// Failed are modules in a folder of code that cannot be imported. They are of
	// weight where one of the Missing names, which a spec uses, may be in them.
	Failed  map[string]*Failure
	Missing map[string]string
	Python  Interpreter
	MLRun   string // version of the real package, where it is installed

	code    *Code
	program string // folder of the worker's side
	paths   []string
	source  *sourceFile
	digest  string // of the files and what runs them
}

// Load has a worker import the code and tell what is in it, above all of the
// names, which a spec uses. Where the code is to blame the error is a *Failure.
func (c *Code) Load(ctx context.Context, names []string) (*Loaded, error) {
	if c.Memory > 0 && !canMeasure {
		return nil, fmt.Errorf("python.memory is not supported on %s", runtime.GOOS)
	}
	l := &Loaded{code: c}
	if err := c.locate(l); err != nil {
		return nil, err
	}
	interpreter, err := c.find(ctx)
	if err != nil {
		return nil, err
	}
	l.Python = *interpreter
	if l.program, err = installed(); err != nil {
		return nil, err
	}
	if err := l.describe(ctx, names); err != nil {
		return nil, err
	}
	l.digest, err = l.sum()
	return l, err
}

// locate finds the files and folders.
func (c *Code) locate(l *Loaded) (err error) {
	for _, path := range c.Paths {
		at := path
		if !filepath.IsAbs(at) && c.Folder != "" {
			if beside := filepath.Join(c.Folder, at); exists(beside) {
				at = beside
			}
		}
		if !exists(at) {
			return fmt.Errorf("%s: there is no such file or folder of Python code", path)
		}
		if at, err = filepath.Abs(at); err != nil {
			return err
		}
		l.paths = append(l.paths, at)
	}
	if c.Text != "" {
		l.source, err = c.keep()
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// keep writes the module that is in no file into one, so that tracebacks can
// name its lines.
func (c *Code) keep() (*sourceFile, error) {
	sum := sha256.Sum256([]byte(c.Text))
	name := cmp.Or(c.Name, "function")
	file, err := inCache(func(base string) (string, error) {
		dir := filepath.Join(base, "source-"+hex.EncodeToString(sum[:])[:16])
		if err := errors.Join(private(base), private(dir)); err != nil {
			return "", err
		}
		fresh, err := os.CreateTemp(dir, "."+name)
		if err != nil {
			return "", err
		}
		_, err = fresh.WriteString(c.Text)
		file := filepath.Join(dir, name+".py")
		return file, errors.Join(err, fresh.Close(), os.Rename(fresh.Name(), file))
	})
	if err != nil {
		return nil, fmt.Errorf("keep the function's code: %w", err)
	}
	return &sourceFile{Name: name, File: file}, nil
}

// describe asks a worker what is in the code.
func (l *Loaded) describe(ctx context.Context, names []string) error {
	p, err := l.spawn(1, l.logger(), nil)
	if err != nil {
		return err
	}
	defer p.end()
	g, err := l.greet(ctx, p, &catalog.Env{Mock: true}, 0)
	if err != nil {
		return err
	}
	l.MLRun = g.MLRun
	if names == nil {
		names = []string{}
	}
	var d description
	if err := p.ask(ctx, kindDescribe, 0, map[string]any{"names": names}, &d); err != nil {
		return err
	}
	l.Objects, l.Files, l.Failed, l.Missing = d.Objects, d.Files, d.Failed, d.Missing
	for _, o := range d.Objects {
		if o == nil {
			return fmt.Errorf("the Python worker described an object as nothing")
		}
	}
	slices.Sort(l.Files)
	return nil
}

// sharedDescriptor is the worker's descriptor of the shared memory, behind the
// socket and the pipe.
const sharedDescriptor = 5

// greet is the first that a worker hears.
func (l *Loaded) greet(ctx context.Context, p *process, env *catalog.Env, slot int) (*greeting, error) {
	paths := l.paths
	if paths == nil {
		paths = []string{}
	}
	var g greeting
	var memory *sharedFile
	if p.shared != nil {
		memory = &sharedFile{File: p.shared.place(sharedDescriptor), Size: sharedSize, Words: p.shared.words}
	}
	err := p.ask(ctx, kindConfig, 0, &config{
		Version: protocol, Paths: paths, Source: l.source, Context: envOf(env, slot), Shm: memory, MaxFrame: maxFrame,
	}, &g)
	if err == nil && g.Version != protocol {
		err = fmt.Errorf("the Python worker speaks version %d of the protocol, not %d", g.Version, protocol)
	}
	return &g, err
}

func (l *Loaded) logger() *slog.Logger {
	if l.code.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.code.Logger
}

// spawn starts a worker, one of so many, on a goroutine that keeps its thread until the process
// has ended: on Linux the worker gets word of the thread's end. Whoever spawns it
// ends it, and waits.
func (l *Loaded) spawn(workers int, logger *slog.Logger, set func(p *process)) (*process, error) {
	type outcome struct {
		p   *process
		err error
	}
	begun := make(chan outcome)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		p, err := begin(l.Python.Path, l.program, environment(workers), logger)
		if err == nil && set != nil {
			set(p)
		}
		if err == nil {
			p.run()
		}
		begun <- outcome{p, err}
		if err == nil {
			p.reap()
			close(p.gone)
		}
	}()
	o := <-begun
	return o.p, o.err
}

// sum is a digest of all that decides what the code does, as far as it is known.
func (l *Loaded) sum() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s %s %d %d\n", l.Python.Path, l.Python.Version, l.program, l.code.Workers, l.code.Memory)
	for _, name := range l.Files {
		fmt.Fprintf(sum, "%s\n", name)
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the Python code: %w", err)
		}
		_, err = io.Copy(sum, f)
		_ = f.Close() // only read
		if err != nil {
			return "", fmt.Errorf("read the Python code: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
