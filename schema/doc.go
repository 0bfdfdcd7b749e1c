// Package schema says what the bodies of events look like, as far as that is
// known before there are any. A [Type] is a set of values; [Type.Has] says
// whether a value is one of them. What a type says is certain: where not all is
// known of a value, its type is [Any], or a type with fewer details.
//
// Steps that know what they make of a body tell it with
//
//	Infer(in schema.Type) (out schema.Type, err error)
//
// which the graph finds by type assertion. out has every body that the step
// passes on when it gets one of in. An error says that the step fails with every
// body of in or, as a [*Problem] that says so, with some.
package schema
