// Package logs makes the log of a server one that is set while it runs: which
// levels are written, and how times are. [New] makes a [Log], whose Logger the
// server writes to, and whose settings Triton's extension for logs reads and
// changes.
package logs
