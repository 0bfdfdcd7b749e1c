// The command leat serves machine-learning models over the V2 inference
// protocol; "leat --help" lists its verbs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/leat-ml/leat/artifact/buckets"
	"github.com/leat-ml/leat/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], cli.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Lookup: os.LookupEnv, Terminal: isTerminal(os.Stdout),
		Register: register, Dial: buckets.Dial, Signals: signals,
	}))
}

// signals delivers what asks the program to end, or to reload.
func signals() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// isTerminal says whether a person reads the file.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != ""
}
