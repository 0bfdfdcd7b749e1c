// Package leaktest looks for goroutines that tests leave behind.
package leaktest

import (
	"fmt"
	"os"
	"testing" //nolint:depguard // it is for tests
	"time"

	"go.uber.org/goleak" //nolint:depguard // it is for tests
)

// patience is how long goroutines that are about to end may take. goleak's own is
// less than half a second, in which they may not have their turn on a busy machine.
const patience = time.Minute

// Main runs the tests of a package, and fails if goroutines are left that do not
// end: func TestMain(m *testing.M) { leaktest.Main(m) }.
func Main(m *testing.M, options ...goleak.Option) {
	code := m.Run()
	if code == 0 {
		if err := Left(options...); err != nil {
			fmt.Fprintf(os.Stderr, "the tests passed, and left goroutines behind: %v\n", err)
			code = 1
		}
	}
	os.Exit(code) //nolint:forbidigo // as testing.M.Run is used
}

// Left waits until no goroutine is left, and says which are if that does not happen.
func Left(options ...goleak.Option) (err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = goleak.Find(options...); err == nil {
			return nil
		}
	}
	return err
}
