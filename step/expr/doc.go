// Package expr is the expression language of graph specs: the part of Python
// that handlers, conditions and keys are written in, such as
// "(event['x'] * 2)". [Compile] makes a function of event for a catalog;
// [CompileVars] makes one of several variables; [Register] gives both to a set.
//
// The meaning is Python's to the letter, errors included: a missing key is a
// KeyError, 7 // -2 is -4, 1 == 1.0 is true and 2 / 1 is 2.0. What there is,
// and the three places where it differs, is written in docs/expressions.md.
//
// An expression sees its variables and nothing else: no imports, no attributes
// of Go values, no input or output. What one evaluation may build and do is
// bounded, and it ends with its context. Compiled functions are safe for
// concurrent use and never change what they are given.
package expr
