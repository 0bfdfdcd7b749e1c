// Package arch checks the architecture: its tests hold the imports of every
// package against the rules in ARCHITECTURE.md.
package arch
