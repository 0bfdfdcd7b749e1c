// Package cli is the command leat: its verbs, flags, output and exit codes.
//
// [Run] is the entry point. It touches nothing of the process but what its
// [Env] gives it, so that a test can run any verb. Tables and data go to
// stdout, logs and errors to stderr. The exit code is [Done], [Failed] or
// [BadUsage].
package cli
