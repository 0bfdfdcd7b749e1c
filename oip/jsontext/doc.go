// Package jsontext reads and writes JSON text for tensors: a strict lexer over
// a document in memory, conversions between decimal text and numbers, and
// readers and writers for whole arrays of numbers.
//
// A [Lexer] is a cursor that a codec moves by hand: [Lexer.ObjectStart] and
// [Lexer.ObjectNext] walk an object, [Lexer.Skip] passes over what nobody asked
// for, [Lexer.Float32s], [Ints], [Lexer.Bools] and [Lexer.Strings] read a tensor
// whose element type is known, and [Lexer.Numbers] one whose type is not. The
// other direction is a set of Append functions, [AppendFloat32s] the main one.
//
// Reading follows RFC 8259 to the letter, refuses strings that are not UTF-8
// and documents nested deeper than [MaxDepth], and allocates nothing on success
// when the destination buffers are large enough. The only extension, bare NaN
// and infinities in arrays of floats, is off by default ([Lexer.AllowNaN]).
package jsontext
