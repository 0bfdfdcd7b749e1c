package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/stream"
)

// The exit codes of every verb.
const (
	Done     = 0
	Failed   = 1
	BadUsage = 2
)

// Env is what a run has of the process. Stdout, Stderr and Lookup are needed by
// every verb.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Lookup         func(name string) (value string, ok bool) // environment variables
	Terminal       bool                                      // a person reads Stdout
	// Register adds the linked runtimes to a set.
	Register func(*catalog.Set, Plugins)
	// Dial opens buckets and web servers; nil knows none.
	Dial artifact.Dialer
	// Signals starts to deliver SIGINT, SIGTERM and SIGHUP, until stop is called.
	// nil means that there are none.
	Signals func() (signals <-chan os.Signal, stop func())
}

// Plugins are the settings of what is linked in.
type Plugins struct {
	ONNXRuntime string // path of the library or its folder; "" looks for it
	// Data is the server's data folder, never nil; Run closes it.
	Data *datadir.Dir
	// Streams gets the kinds of streams; never nil.
	Streams *stream.Mux
}

// errReported ends a verb that has already told the user what failed.
var errReported = errors.New("reported")

// Run runs one command. It returns the exit code and writes errors to
// env.Stderr; it never ends the process.
func Run(ctx context.Context, args []string, env Env) (exit int) {
	if len(args) == 0 {
		env.Stdout = env.Stderr
		_, _, _ = env.parse([]string{"--help"}) // prints it
		return BadUsage
	}
	return env.end(guard(func() error {
		cmd, done, err := env.parse(args)
		if done || err != nil {
			return err
		}
		cmd.BindTo(ctx, (*context.Context)(nil))
		return cmd.Run(&env)
	}))
}

// end tells the error that a verb ended with.
func (e *Env) end(err error) int {
	switch {
	case err == nil:
		return Done
	case errors.Is(err, errReported):
		return Failed
	}
	e.complain(err)
	var usage *usageError
	var bug *bugError
	switch {
	case errors.As(err, &usage):
		return BadUsage
	case errors.As(err, &bug):
		if level, _ := e.Lookup("LEAT_LOG_LEVEL"); level == "debug" {
			fmt.Fprintf(e.Stderr, "%s", bug.stack)
		}
	}
	return Failed
}

// complain writes an error, its lines below each other.
func (e *Env) complain(err error) {
	lines := strings.Split(strings.TrimRight(printable(err.Error()), "\n"), "\n")
	fmt.Fprintln(e.Stderr, "leat: "+strings.Join(lines, "\n      "))
}

// A bugError is a panic. Its stack is only for those who ask for it.
type bugError struct {
	value any
	stack []byte
}

func (e *bugError) Error() string {
	return fmt.Sprintf("this is a bug in leat: %v; with LEAT_LOG_LEVEL=debug it says where", e.value)
}

// Unwrap is what the panic was about, if that is an error.
func (e *bugError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// guard returns a panic of run as an error. Whoever starts a goroutine has to
// guard it too.
func guard(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &bugError{p, debug.Stack()}
		}
	}()
	return run()
}

// A usageError is one that the command line can be blamed for although it
// parses.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func badUsage(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// parse reads the command line. done says that it was answered with help.
func (e *Env) parse(args []string) (cmd *kong.Context, done bool, err error) {
	s := &environment{lookup: e.Lookup}
	parser, err := kong.New(&verbs{},
		kong.Name("leat"),
		kong.Description("Serves machine-learning models over the V2 inference protocol."),
		kong.Writers(e.Stdout, e.Stderr),
		kong.Exit(func(int) { done = true }),
		kong.Resolvers(s),
		kong.ValueFormatter(flagHelp), durations(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 96}),
	)
	if err != nil {
		return nil, false, err
	}
	cmd, err = parser.Parse(args)
	if done {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, usage(err, s)
	}
	return cmd, false, nil
}

// usage says what is wrong with the command line and where help is.
func usage(err error, s *environment) error {
	help, msg := "leat --help", err.Error()
	var pe *kong.ParseError
	if errors.As(err, &pe) && pe.Context.Selected() != nil {
		help = "leat " + verb(pe.Context.Selected()) + " --help"
	} else if word, ok := strings.CutPrefix(msg, "unexpected argument "); ok {
		msg = "there is no verb " + word
	}
	return badUsage("%s%s%s\n%q says more", msg, insteadOf(msg), s.blame(err), help)
}

// verb is what is typed behind leat: "model push".
func verb(n *kong.Node) string {
	if n.Parent == nil || n.Parent.Type != kong.CommandNode {
		return n.Name
	}
	return verb(n.Parent) + " " + n.Name
}
