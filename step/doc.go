// Package step holds the built-in steps, under MLRun's and storey's names:
// [Register] adds them to a catalog. docs/steps.md is their reference.
//
// A step around a function takes it as a [catalog.Func]. The functions of
// MapWithState and Reduce also get a state; [WithState] and [Reducer] make them
// of Go functions. [Func] makes a step of a function in a program. MapClass has
// no class here: a Go type with a Do method is a step as it is, and filters by
// returning [serve.Drop].
//
// Bodies are immutable: a step that changes one makes a new spine around the
// leaves that it leaves alone. Every step holds a bounded number of events,
// keys and bytes; one that is full makes Do wait until the caller's context
// ends.
//
// steptest runs a step without a graph and checks what every step must keep to.
package step
