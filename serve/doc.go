// Package serve holds the types that every other part of leat speaks: an
// [Event] travels through the [Step]s of a graph, some of which are [Model]s
// that a [Runtime] loaded, and what was served is told to a [Recorder].
//
// A model author needs [Model], [Request] and [Tensor], and whichever of the
// optional interfaces in model.go the model has use for. A step author needs
// [Step] and [Fate]. A transport needs [Handler], [NewEvent] and [Error].
//
// The package imports the standard library only, and everything may import it.
package serve
