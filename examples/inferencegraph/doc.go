// Package inferencegraph holds the tests of the specs beside it: they answer what
// KServe's router answers to the same inference graphs.
package inferencegraph
